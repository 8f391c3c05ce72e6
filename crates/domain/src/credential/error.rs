//! Which rules a command to a credential can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command to a credential broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialRejection {
    /// There is none.
    #[error("There is no such credential.")]
    NotFound,
    /// Another one has this id.
    #[error("This credential was registered already, as another one.")]
    AlreadyRegistered,
    /// A serial number is 1 to 40 letters, digits and dashes.
    #[error("The serial number of a token is 1 to 40 letters, digits and dashes.")]
    SerialInvalid,
    /// It was revoked.
    #[error("This credential was revoked. Please register another one.")]
    Revoked,
}

impl Rejection for CredentialRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::AlreadyRegistered => RejectionKind::Conflict,
            Self::SerialInvalid => RejectionKind::Invalid,
            Self::Revoked => RejectionKind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "credential-not-found",
            Self::AlreadyRegistered => "credential-already-registered",
            Self::SerialInvalid => "credential-serial-invalid",
            Self::Revoked => "credential-revoked",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::SerialInvalid => Some("/kind/token/serial".to_owned()),
            Self::NotFound | Self::AlreadyRegistered | Self::Revoked => None,
        }
    }
}
