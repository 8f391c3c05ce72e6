//! Errors on the channel: the sentence, and the status that the command ends with.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use command_handlers::CommandError;
use domain::Rejection;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What an endpoint of the channel answers.
pub(crate) type Answer<T> = Result<Json<T>, ErrorBody>;

/// An error as it goes over the channel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErrorBody {
    /// The status that the command ends with, as [`Failure::status`] has it.
    pub(crate) status: u8,
    /// The sentence.
    pub(crate) error: String,
}

impl From<Failure> for ErrorBody {
    fn from(failure: Failure) -> Self {
        if let Failure::Failed(_) | Failure::MustRestart(_) = &failure {
            tracing::error!(error = %failure, "a command of the operator failed");
        }
        Self { status: failure.status(), error: failure.to_string() }
    }
}

impl<R: Rejection> From<CommandError<R>> for ErrorBody {
    fn from(error: CommandError<R>) -> Self {
        Failure::from(error).into()
    }
}

impl From<ErrorBody> for Failure {
    fn from(body: ErrorBody) -> Self {
        Self::of_status(body.status, body.error)
    }
}

impl IntoResponse for ErrorBody {
    fn into_response(self) -> Response {
        let status = match self.status {
            2 => StatusCode::BAD_REQUEST,
            3 => StatusCode::CONFLICT,
            69 | 70 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(self)).into_response()
    }
}
