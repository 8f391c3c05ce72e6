//! Reads a request's body, strictly.

use std::error::Error;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::server::TooSlow;
use crate::wrong::{is_name, without_values};

/// A JSON body: of the right media type, within the size limit, without unknown fields.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")));
        if !is_json {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "the body must be sent as `Content-Type: application/json`",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|error| unread(&error))?;
        read(&bytes).map(Self)
    }
}

/// Why a body could not be read to its end.
pub(crate) fn unread(rejection: &BytesRejection) -> Problem {
    let first: &(dyn Error + 'static) = rejection;
    let mut causes = std::iter::successors(Some(first), |error: &&(dyn Error + 'static)| (*error).source());
    if causes.any(|cause| cause.is::<TooSlow>()) {
        return Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "the body took longer than this service waits for it");
    }
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "the body is larger than this service takes: 64 KiB, or 1 MiB for an upload",
        ),
        _ => Problem::malformed("", "the body could not be read to its end"),
    }
}

/// What a JSON body of these bytes says.
///
/// # Errors
/// 400, with where it is wrong and what was expected there; what was found is not repeated.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        // Read once more, to find out where: only what is wrong pays for it.
        Err(_) => serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(bytes)).map_err(|error| {
            let pointer: String = error
                .path()
                .iter()
                .filter_map(|segment| match segment {
                    serde_path_to_error::Segment::Seq { index } => Some(format!("/{index}")),
                    serde_path_to_error::Segment::Map { key } => is_name(key).then(|| format!("/{key}")),
                    serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
                })
                .collect();
            Problem::malformed(pointer, format!("the body cannot be read: {}", without_values(&error.inner().to_string())))
        }),
    }
}
