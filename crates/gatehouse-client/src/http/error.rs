//! What can go wrong over HTTP.

use serde::Deserialize;
use uuid::Uuid;

/// Why Gatehouse did not do, or say, what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No client can be made here.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
    /// The service was not reached, or the connection broke.
    #[error("Gatehouse is not reached")]
    Unreachable(#[source] reqwest::Error),
    /// The service refused; `code` is the last part of the problem's `type` (RFC 9457).
    #[error("Gatehouse answered {status} {code}: {detail}")]
    Refused {
        /// The status code.
        status: u16,
        /// The kind of problem, such as `not-found`.
        code: String,
        /// What it is, in a sentence.
        detail: String,
    },
    /// The position that was asked for is of another history: the log was restored from a backup since.
    #[error("the log was restored from a backup (its epoch is {epoch} now): start again from a snapshot")]
    OtherHistory {
        /// The history that there is now.
        epoch: Uuid,
    },
    /// What the service said is not what this crate expects.
    #[error("the answer of Gatehouse cannot be understood")]
    Answer(#[source] serde_json::Error),
    /// An answer that was to be long ended early.
    #[error("the answer of Gatehouse ended before it was whole ({0})")]
    CutShort(&'static str),
}

#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    detail: Option<String>,
    /// For a position of another history: the one that there is.
    epoch: Option<Uuid>,
}

impl HttpError {
    pub(super) fn refused(status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<Problem>(body) {
            Ok(Problem { epoch: Some(epoch), .. }) => Self::OtherHistory { epoch },
            Ok(problem) => {
                let code = problem.kind.rsplit(':').next().unwrap_or_default().to_owned();
                Self::Refused { status, code, detail: problem.detail.unwrap_or_default() }
            }
            // Not from Gatehouse itself: a proxy in between.
            Err(_) => Self::Refused { status, code: "unknown".to_owned(), detail: "no problem document came with it".to_owned() },
        }
    }

    /// Whether it may pass by itself, so that asking again later makes sense.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::CutShort(_) => true,
            Self::Refused { status, .. } => *status == 429 || *status == 408 || *status >= 500,
            Self::Setup(_) | Self::OtherHistory { .. } | Self::Answer(_) => false,
        }
    }

    /// Whether what was asked for is not there, or not for this service.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}
