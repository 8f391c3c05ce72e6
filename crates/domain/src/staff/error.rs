//! Which rules a command about a member of the staff can break.

use crate::sign_in::SignInRule;
use crate::{Rejection, RejectionKind};

/// A rule that a command about a member of the staff broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StaffRejection {
    /// There is none.
    #[error("There is no such member of the staff.")]
    NotFound,
    /// Somebody else has this id.
    #[error("This member of the staff was appointed already, with other details.")]
    AlreadyAppointed,
    /// Nobody joins without a role.
    #[error("A member of the staff has at least one role when they join.")]
    RoleRequired,
    /// The person was forgotten.
    #[error("This person's data was erased at their request.")]
    PersonForgotten,
    /// They have no account by which to sign in.
    #[error("This member of the staff cannot sign in yet: an administrator issues a one-time password first.")]
    NoAccountYet,
    /// The User ID stays.
    #[error("This member of the staff has another User ID already.")]
    AnotherUserId,
    /// They have one identity at the provider.
    #[error("This member of the staff is linked to another identity already: unlink that one first.")]
    AnotherIdentity,
    /// What they sign in with does not allow it.
    #[error(transparent)]
    SignIn(#[from] SignInRule),
    /// They left.
    #[error("This member has left the staff.")]
    Dismissed,
}

impl Rejection for StaffRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::AlreadyAppointed | Self::NoAccountYet | Self::AnotherUserId | Self::AnotherIdentity => RejectionKind::Conflict,
            Self::SignIn(rule) => rule.kind(),
            Self::RoleRequired => RejectionKind::Invalid,
            Self::PersonForgotten | Self::Dismissed => RejectionKind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "staff-not-found",
            Self::AlreadyAppointed => "staff-already-appointed",
            Self::RoleRequired => "staff-role-required",
            Self::NoAccountYet => "no-account-yet",
            Self::AnotherUserId => "staff-has-another-user-id",
            Self::AnotherIdentity => "staff-has-another-identity",
            Self::SignIn(rule) => rule.code(),
            Self::PersonForgotten => "person-forgotten",
            Self::Dismissed => "staff-dismissed",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::RoleRequired => Some("/roles".to_owned()),
            Self::NotFound
            | Self::AlreadyAppointed
            | Self::NoAccountYet
            | Self::AnotherUserId
            | Self::AnotherIdentity
            | Self::SignIn(_)
            | Self::PersonForgotten
            | Self::Dismissed => None,
        }
    }
}
