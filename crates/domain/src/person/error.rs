//! Which rules a command about a person's data can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command about a person's data broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonRejection {
    /// A key is destroyed only after that was asked for.
    #[error("Nobody has asked to forget this person.")]
    ForgettingNotStarted,
    /// There is nothing to acknowledge.
    #[error("This person was not erased.")]
    NotErased,
}

impl Rejection for PersonRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::ForgettingNotStarted | Self::NotErased => RejectionKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ForgettingNotStarted => "forgetting-not-started",
            Self::NotErased => "person-not-erased",
        }
    }
}
