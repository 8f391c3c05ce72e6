//! Which rules a command to access can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command to access broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessRejection {
    /// Nobody asked for it.
    #[error("Nobody has asked for this access.")]
    NotFound,
    /// It does not wait for a decision.
    #[error("This access does not wait for a decision.")]
    NotRequested,
    /// The user does not have it.
    #[error("The user has no access to this application.")]
    NotGranted,
}

impl Rejection for AccessRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::NotRequested | Self::NotGranted => RejectionKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "access-not-found",
            Self::NotRequested => "access-not-requested",
            Self::NotGranted => "access-not-granted",
        }
    }
}
