//! Which rules a command to an application can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command to an application broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationRejection {
    /// There is none.
    #[error("There is no such application.")]
    NotFound,
    /// It is in the catalogue with another code, owner or details.
    #[error("This application is in the catalogue already, with other details.")]
    AlreadyPublished,
    /// No way leads in.
    #[error("At least one way leads into an application.")]
    WayRequired,
    /// A way is named twice.
    #[error("Each way into an application is named once.")]
    WayRepeated,
    /// Who is not invited cannot come in.
    #[error("An application that takes invited organizations only has no other way in than the invitation.")]
    WayNeedsPublicRegistration,
    /// It is out of the catalogue.
    #[error("This application was retired.")]
    Retired,
}

impl Rejection for ApplicationRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::AlreadyPublished => RejectionKind::Conflict,
            Self::WayRequired | Self::WayRepeated | Self::WayNeedsPublicRegistration => RejectionKind::Invalid,
            Self::Retired => RejectionKind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "application-not-found",
            Self::AlreadyPublished => "application-already-published",
            Self::WayRequired => "application-way-required",
            Self::WayRepeated => "application-way-repeated",
            Self::WayNeedsPublicRegistration => "application-way-needs-public-registration",
            Self::Retired => "application-retired",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::WayRequired | Self::WayRepeated | Self::WayNeedsPublicRegistration => Some("/details/ways".to_owned()),
            Self::NotFound | Self::AlreadyPublished | Self::Retired => None,
        }
    }
}
