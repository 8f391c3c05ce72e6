//! Which rules a command to a downstream service can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command to a downstream service broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceRejection {
    /// There is none.
    #[error("There is no such service.")]
    NotFound,
    /// It is registered and shown something else.
    #[error("A service of this name is registered already, and is shown something else; what it is shown can be changed.")]
    AlreadyRegistered,
    /// It would be shown nothing.
    #[error("A service that is limited to applications names at least one.")]
    ApplicationRequired,
    /// It was ended, and its name with it.
    #[error("The service of this name was retired, and a name is never given again.")]
    Retired,
}

impl Rejection for ServiceRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::AlreadyRegistered => RejectionKind::Conflict,
            Self::ApplicationRequired => RejectionKind::Invalid,
            Self::Retired => RejectionKind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "service-not-found",
            Self::AlreadyRegistered => "service-already-registered",
            Self::ApplicationRequired => "service-application-required",
            Self::Retired => "service-retired",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::ApplicationRequired => Some("/applications".to_owned()),
            Self::NotFound | Self::AlreadyRegistered | Self::Retired => None,
        }
    }
}
