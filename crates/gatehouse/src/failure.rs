//! Why a command of the command line failed, and the status that the process ends with.

use std::process::ExitCode;

use command_handlers::CommandError;
use domain::Rejection;

/// Why a command failed: a sentence that says what would be right, and the kind, which decides the exit status.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It was tried and did not work (1).
    #[error("{0}")]
    Failed(String),
    /// What was asked for cannot be meant (2).
    #[error("{0}")]
    Usage(String),
    /// A rule of the domain forbids it; nothing changed (3).
    #[error("{0}")]
    Refused(String),
    /// It cannot be done now and may be later: the service starts, stops, or cannot write (69, `EX_UNAVAILABLE`).
    #[error("{0}")]
    Unavailable(String),
    /// The log takes no more events until the process starts again from what is on disk (70, `EX_SOFTWARE`).
    #[error("{0}")]
    MustRestart(String),
}

impl Failure {
    /// It was tried and did not work.
    pub(crate) fn failed(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }

    /// An error with all that it came from, in one sentence.
    pub(crate) fn from_error(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Failed(chain(error))
    }

    /// The same, said of something in particular: `that: sentence`.
    pub(crate) fn about(self, what: &str) -> Self {
        let status = self.status();
        Self::of_status(status, format!("{what}: {self}"))
    }

    /// The status that the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status())
    }

    /// The status that the process ends with, as a number.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
            Self::Unavailable(_) => 69,
            Self::MustRestart(_) => 70,
        }
    }

    /// A failure of this status, as the other end of the admin channel told it.
    pub(crate) fn of_status(status: u8, sentence: String) -> Self {
        match status {
            2 => Self::Usage(sentence),
            3 => Self::Refused(sentence),
            69 => Self::Unavailable(sentence),
            70 => Self::MustRestart(sentence),
            _ => Self::Failed(sentence),
        }
    }
}

/// An error and all that it came from: `this: because of that`.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes: Vec<String> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    causes.join(": ")
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

impl<R: Rejection> From<CommandError<R>> for Failure {
    fn from(error: CommandError<R>) -> Self {
        match &error {
            CommandError::Rejected(_) | CommandError::Taken(_) | CommandError::IdReused | CommandError::Erased => {
                Self::Refused(error.to_string())
            }
            CommandError::Unavailable(_) => Self::Unavailable(chain(&error)),
            CommandError::Internal(_) => Self::Failed(chain(&error)),
        }
    }
}
