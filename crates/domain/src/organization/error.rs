//! Which rules a command to an organization can break.

use crate::registration::Tie;
use crate::{Rejection, RejectionKind};

/// A rule that a command to an organization broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrganizationRejection {
    /// There is none.
    #[error("There is no such organization.")]
    NotFound,
    /// It came to be by another case.
    #[error("This organization was approved in another case already.")]
    AlreadyRegistered,
    /// It must have an administrator.
    #[error("An organization has at least one administrator.")]
    AdministratorRequired,
    /// The last one who can act stays.
    #[error("This is the last active administrator of the organization. Please name another one first.")]
    LastActiveAdministrator,
    /// One change is reviewed at a time.
    #[error("A change of legal name, country or identifiers waits for review already. Please wait for its decision.")]
    AmendmentWaits,
    /// No change waits.
    #[error("No change of this organization's profile waits for review.")]
    NoAmendmentWaits,
    /// The reviewer has to do with what is decided on.
    #[error("{tie}: somebody else must decide on this change")]
    ReviewerInvolved {
        /// In which way.
        tie: Tie,
    },
    /// An identifier is given twice.
    #[error("Each registered identifier is given once.")]
    IdentifierRepeated,
    /// It is suspended.
    #[error("This organization is suspended.")]
    Suspended,
    /// It is closed.
    #[error("This organization is closed for good.")]
    Closed,
}

impl Rejection for OrganizationRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::AdministratorRequired | Self::IdentifierRepeated => RejectionKind::Invalid,
            Self::AlreadyRegistered | Self::LastActiveAdministrator | Self::AmendmentWaits | Self::NoAmendmentWaits | Self::Suspended => {
                RejectionKind::Conflict
            }
            Self::ReviewerInvolved { .. } => RejectionKind::Forbidden,
            Self::Closed => RejectionKind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "organization-not-found",
            Self::AlreadyRegistered => "organization-already-registered",
            Self::AdministratorRequired => "organization-administrator-required",
            Self::LastActiveAdministrator => "last-active-administrator",
            Self::AmendmentWaits => "amendment-waits",
            Self::NoAmendmentWaits => "no-amendment-waits",
            Self::ReviewerInvolved { .. } => "reviewer-involved",
            Self::IdentifierRepeated => "identifier-repeated",
            Self::Suspended => "organization-suspended",
            Self::Closed => "organization-closed",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::AdministratorRequired => Some("/administrators".to_owned()),
            Self::IdentifierRepeated => Some("/profile/identifiers".to_owned()),
            Self::NotFound
            | Self::AlreadyRegistered
            | Self::LastActiveAdministrator
            | Self::AmendmentWaits
            | Self::NoAmendmentWaits
            | Self::ReviewerInvolved { .. }
            | Self::Suspended
            | Self::Closed => None,
        }
    }
}
