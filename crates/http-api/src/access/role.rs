//! In which role somebody calls.

use domain::StaffRole;
use domain::user::UserRole;

use super::{May, Scope};
use crate::caller::Caller;

/// In which role somebody calls (domain, "Who acts"). None implies another: who may do something in two roles is named in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everybody, without a token.
    Anyone,
    /// Staff that reviews.
    Reviewer,
    /// Staff that leads reviews.
    ReviewLead,
    /// Staff that reads history.
    Auditor,
    /// Staff that runs the service.
    Administrator,
    /// A partner's own system.
    Partner,
    /// A downstream service.
    Service,
    /// A user with an established account.
    User,
    /// A user who administers their organization.
    OrganizationAdministrator,
    /// A user who administers an application for their organization.
    ApplicationAdministrator,
    /// A user who has signed in and is still in first-time login, or sets a new password by a one-time password.
    NewUser,
    /// The holder of a self-registration invitation's link.
    Invitee,
    /// The holder of an invitation's link.
    Addressee,
    /// The holder of a registration's link.
    Registrant,
}

impl Role {
    /// All of them, in the order in which the table is written.
    pub const ALL: [Self; 14] = [
        Self::Anyone,
        Self::Reviewer,
        Self::ReviewLead,
        Self::Auditor,
        Self::Administrator,
        Self::Partner,
        Self::Service,
        Self::OrganizationAdministrator,
        Self::ApplicationAdministrator,
        Self::User,
        Self::NewUser,
        Self::Invitee,
        Self::Addressee,
        Self::Registrant,
    ];

    /// In this role, as far as this scope goes.
    #[must_use]
    pub const fn of(self, scope: Scope) -> May {
        May { role: self, scope }
    }

    /// Whether this caller has the role, by what the log said when they were recognized.
    #[must_use]
    pub fn is_of(self, caller: &Caller) -> bool {
        let is_staff = |role| matches!(caller, Caller::Staff { roles, .. } if roles.contains(&role));
        match self {
            Self::Anyone => true,
            Self::Reviewer => is_staff(StaffRole::Reviewer),
            Self::ReviewLead => is_staff(StaffRole::ReviewLead),
            Self::Auditor => is_staff(StaffRole::Auditor),
            Self::Administrator => is_staff(StaffRole::Administrator),
            Self::Partner => matches!(caller, Caller::Partner { .. }),
            Self::Service => matches!(caller, Caller::Service { .. }),
            Self::User => matches!(caller, Caller::User { established: true, .. }),
            Self::OrganizationAdministrator => {
                matches!(caller, Caller::User { established: true, roles, .. } if roles.contains(&UserRole::OrganizationAdministrator))
            }
            Self::ApplicationAdministrator => {
                matches!(caller, Caller::User { established: true, roles, .. } if roles.iter().any(|role| matches!(role, UserRole::ApplicationAdministrator(_))))
            }
            Self::NewUser => matches!(caller, Caller::User { established: false, .. }),
            Self::Invitee => matches!(caller, Caller::Invitee { .. }),
            Self::Addressee => matches!(caller, Caller::Addressee { .. }),
            Self::Registrant => matches!(caller, Caller::Registrant { .. }),
        }
    }

    /// Whether a user has this role once first-time login is done.
    pub(super) fn is_of_users(self) -> bool {
        match self {
            Self::User | Self::OrganizationAdministrator | Self::ApplicationAdministrator => true,
            Self::Anyone
            | Self::Reviewer
            | Self::ReviewLead
            | Self::Auditor
            | Self::Administrator
            | Self::Partner
            | Self::Service
            | Self::NewUser
            | Self::Invitee
            | Self::Addressee
            | Self::Registrant => false,
        }
    }

    /// As the table and the API's description name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Reviewer => "reviewer",
            Self::ReviewLead => "review lead",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
            Self::Partner => "partner",
            Self::Service => "service",
            Self::User => "user",
            Self::OrganizationAdministrator => "organization administrator",
            Self::ApplicationAdministrator => "application administrator",
            Self::NewUser => "new user",
            Self::Invitee => "invitee",
            Self::Addressee => "addressee",
            Self::Registrant => "registrant",
        }
    }

    /// Who that is, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Reviewer => "a reviewer",
            Self::ReviewLead => "a review lead",
            Self::Auditor => "an auditor",
            Self::Administrator => "an administrator of the service",
            Self::Partner => "a partner",
            Self::Service => "a downstream service",
            Self::User => "a user who is signed in",
            Self::OrganizationAdministrator => "an administrator of an organization",
            Self::ApplicationAdministrator => "an administrator of an application",
            Self::NewUser => "a user in first-time login",
            Self::Invitee => "the holder of a self-registration invitation's link",
            Self::Addressee => "the holder of an invitation's link",
            Self::Registrant => "the holder of a registration's link",
        }
    }
}
