//! Which rules a command to a user can break.

use crate::sign_in::SignInRule;
use crate::{Rejection, RejectionKind};

/// A rule that a command to a user broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserRejection {
    /// There is none.
    #[error("There is no such user.")]
    NotFound,
    /// Was invited already, by another organization or at another address.
    #[error("This person was invited already.")]
    AlreadyInvited,
    /// Has an account already.
    #[error("This person has an account already.")]
    AlreadyAUser,
    /// The invitation to register is over.
    #[error("This invitation has expired. Please ask your organization's administrator for a new one.")]
    InvitationExpired,
    /// The administrator refused who came.
    #[error("The organization's administrator has refused this registration.")]
    Refused,
    /// Filled in already.
    #[error("This registration was filled in already and waits for the organization's administrator.")]
    AlreadySelfRegistered,
    /// Nobody came on the invitation yet.
    #[error("Nobody has registered on this invitation yet.")]
    NotSelfRegistered,
    /// The account was not created yet.
    #[error("This person has no account yet.")]
    NoAccountYet,
    /// The details are about somebody else.
    #[error("These details are about another person.")]
    AnotherPerson,
    /// The person was forgotten.
    #[error("This person's data was erased at their request.")]
    PersonForgotten,
    /// What they sign in with does not allow it.
    #[error(transparent)]
    SignIn(#[from] SignInRule),
    /// The terms have another version.
    #[error("These are not the terms in force. Please read and accept version {in_force}.")]
    TermsNotInForce {
        /// The version in force.
        in_force: String,
    },
    /// The account is suspended.
    #[error("This account is suspended.")]
    Suspended,
    /// The account is closed.
    #[error("This account is closed for good.")]
    Closed,
}

impl Rejection for UserRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::AnotherPerson | Self::TermsNotInForce { .. } => RejectionKind::Invalid,
            Self::AlreadyInvited
            | Self::AlreadyAUser
            | Self::AlreadySelfRegistered
            | Self::NotSelfRegistered
            | Self::NoAccountYet
            | Self::Suspended => RejectionKind::Conflict,
            Self::InvitationExpired | Self::Refused | Self::PersonForgotten | Self::Closed => RejectionKind::Gone,
            Self::SignIn(rule) => rule.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "user-not-found",
            Self::AlreadyInvited => "user-already-invited",
            Self::AlreadyAUser => "already-a-user",
            Self::InvitationExpired => "user-invitation-expired",
            Self::Refused => "self-registration-refused",
            Self::AlreadySelfRegistered => "already-self-registered",
            Self::NotSelfRegistered => "not-self-registered",
            Self::NoAccountYet => "no-account-yet",
            Self::AnotherPerson => "another-person",
            Self::PersonForgotten => "person-forgotten",
            Self::SignIn(rule) => rule.code(),
            Self::TermsNotInForce { .. } => "terms-not-in-force",
            Self::Suspended => "user-suspended",
            Self::Closed => "user-closed",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::AnotherPerson => Some("/contact".to_owned()),
            Self::TermsNotInForce { .. } => Some("/version".to_owned()),
            Self::NotFound
            | Self::AlreadyInvited
            | Self::AlreadyAUser
            | Self::InvitationExpired
            | Self::Refused
            | Self::AlreadySelfRegistered
            | Self::NotSelfRegistered
            | Self::NoAccountYet
            | Self::PersonForgotten
            | Self::SignIn(_)
            | Self::Suspended
            | Self::Closed => None,
        }
    }
}
