//! What an error looks like over HTTP: problem details (RFC 9457).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use command_handlers::CommandError;
use domain::{Rejection, RejectionKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Problem details (RFC 9457): what is wrong, where, and what would be right. Nothing was changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem: `urn:gatehouse:problem:<code>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:gatehouse:problem:invitation-expired")]
    pub kind: String,
    /// What kind of problem it is, in a few words.
    pub title: &'static str,
    /// The HTTP status code.
    pub status: u16,
    /// What is wrong and what would be right, in a sentence for a person.
    pub detail: String,
    /// What is wrong field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// For a decision on an old version: the sections of the dossier that changed since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// For a position of another history: the epoch that is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Uuid>,
    /// Seconds after which trying again makes sense; sent as `Retry-After` too.
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u32>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field, as a JSON pointer (RFC 6901) into the body, or `header:` or `query:` and a name.
    #[schema(example = "/company")]
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Problem {
    /// A problem of this status, code and sentence.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:gatehouse:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            changed: Vec::new(),
            epoch: None,
            retry_after: None,
        }
    }

    /// A body, header or query that cannot be read as what it should be.
    pub fn malformed(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::BAD_REQUEST, "malformed-request", detail.clone()).at(pointer, detail)
    }

    /// Values that can be read but are not valid.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            many => format!("{} fields are not valid; see errors", many.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail) }
    }

    /// One value that is not valid.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// Who asks is not known.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "this needs a valid token: send it as `Authorization: Bearer …`; a token may have expired or been revoked",
        )
    }

    /// Who asks is known and may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// There is no such thing, or none that the caller may see.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// It cannot be done now and may be later.
    pub fn unavailable(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(1)
    }

    /// It was done too often; there is room again after so many seconds.
    pub fn too_many(detail: impl Into<String>, seconds: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail).retry_after(seconds)
    }

    /// After how many seconds trying again makes sense, if that is known.
    #[must_use]
    pub fn seconds_to_wait(&self) -> Option<u32> {
        self.retry_after
    }

    /// The same problem: trying again makes sense after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same problem, with the epoch that is in force.
    #[must_use]
    pub fn of_epoch(mut self, epoch: Uuid) -> Self {
        self.epoch = Some(epoch);
        self
    }

    /// Something failed that the caller can do nothing about. Logs the cause, here and only here; the answer does not tell it.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        let causes: Vec<String> = std::iter::successors(Some(cause), |error| error.source()).map(ToString::to_string).collect();
        tracing::error!(error = causes.join(": "), "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service failed; this was logged under the request's id")
    }

    /// The same problem, at this field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }
}

impl<R: Rejection> From<CommandError<R>> for Problem {
    fn from(error: CommandError<R>) -> Self {
        let sentence = error.to_string();
        match error {
            CommandError::Rejected(rejection) => Self::from_rejection(&rejection),
            CommandError::Taken(_) => Self::new(StatusCode::CONFLICT, "taken", sentence),
            CommandError::IdReused => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", sentence.clone())
                .at("header:Idempotency-Key", sentence),
            CommandError::Erased => Self::new(StatusCode::GONE, "person-forgotten", sentence),
            CommandError::Unavailable(cause) => {
                tracing::warn!(error = %cause, "a command could not be taken");
                Self::unavailable("unavailable", sentence)
            }
            CommandError::Internal(cause) => Self::internal(&*cause),
        }
    }
}

impl Problem {
    /// A rule of the domain that was broken.
    pub fn from_rejection(rejection: &dyn Rejection) -> Self {
        let status = match rejection.kind() {
            RejectionKind::NotFound => StatusCode::NOT_FOUND,
            RejectionKind::Forbidden => StatusCode::FORBIDDEN,
            RejectionKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            RejectionKind::Conflict => StatusCode::CONFLICT,
            RejectionKind::Gone => StatusCode::GONE,
            RejectionKind::Stale => StatusCode::PRECONDITION_FAILED,
        };
        let mut problem = Self::new(status, rejection.code(), rejection.to_string());
        problem.changed = rejection.changed();
        match rejection.field() {
            Some(pointer) => problem.at(pointer, rejection.to_string()),
            None => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
