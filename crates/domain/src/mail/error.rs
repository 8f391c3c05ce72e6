//! Which rules a command about a mail can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command about a mail broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailRejection {
    /// A fate says after how many attempts.
    #[error("What becomes of a mail that was sent or refused takes at least one attempt.")]
    AttemptRequired,
}

impl Rejection for MailRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::AttemptRequired => RejectionKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::AttemptRequired => "mail-attempt-required",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::AttemptRequired => Some("/attempts".to_owned()),
        }
    }
}
