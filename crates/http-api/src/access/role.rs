//! In which role somebody calls.

use command_handlers::workflows::Stage;
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
    /// A user who has signed in and is still in first-time login, sets a new password by a one-time password, or has a second factor to
    /// register.
    NewUser,
    /// Somebody on the staff who has signed in, in whatever roles; not by an API token.
    StaffMember,
    /// Somebody on the staff who has signed in and has a password to set or a second factor to register.
    NewStaff,
    /// Somebody who has signed in with the password and has not shown their second factor.
    Unproved,
    /// The holder of a self-registration invitation's link.
    Invitee,
    /// The holder of an invitation's link.
    Addressee,
    /// The holder of a registration's link.
    Registrant,
}

impl Role {
    /// All of them, in the order in which the table is written.
    pub const ALL: [Self; 17] = [
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
        Self::StaffMember,
        Self::NewStaff,
        Self::Unproved,
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
            Self::User => matches!(caller, Caller::User { stage: Stage::Done, .. }),
            Self::OrganizationAdministrator => {
                matches!(caller, Caller::User { stage: Stage::Done, roles, .. } if roles.contains(&UserRole::OrganizationAdministrator))
            }
            Self::ApplicationAdministrator => {
                matches!(caller, Caller::User { stage: Stage::Done, roles, .. } if roles.iter().any(|role| matches!(role, UserRole::ApplicationAdministrator(_))))
            }
            Self::NewUser => matches!(caller, Caller::User { stage: Stage::Step(_), .. }),
            Self::StaffMember => matches!(caller, Caller::Staff { session: Some(_), .. }),
            Self::NewStaff => matches!(caller, Caller::NewStaff { stage: Stage::Step(_), .. }),
            Self::Unproved => caller.stage() == Some(Stage::ProveSecondFactor),
            Self::Invitee => matches!(caller, Caller::Invitee { .. }),
            Self::Addressee => matches!(caller, Caller::Addressee { .. }),
            Self::Registrant => matches!(caller, Caller::Registrant { .. }),
        }
    }

    /// Whether somebody who is signed in may have this role once they have nothing left to show or to do.
    pub(super) fn is_of_the_established(self) -> bool {
        match self {
            Self::User
            | Self::OrganizationAdministrator
            | Self::ApplicationAdministrator
            | Self::Reviewer
            | Self::ReviewLead
            | Self::Auditor
            | Self::Administrator
            | Self::StaffMember => true,
            Self::Anyone
            | Self::Partner
            | Self::Service
            | Self::NewUser
            | Self::NewStaff
            | Self::Unproved
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
            Self::StaffMember => "staff",
            Self::NewStaff => "new staff",
            Self::Unproved => "unproved",
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
            Self::StaffMember => "somebody on the staff who is signed in",
            Self::NewStaff => "somebody on the staff who signs in for the first time",
            Self::Unproved => "somebody who has a second factor to show",
            Self::Invitee => "the holder of a self-registration invitation's link",
            Self::Addressee => "the holder of an invitation's link",
            Self::Registrant => "the holder of a registration's link",
        }
    }
}
