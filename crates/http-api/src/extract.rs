//! Reads what stands in a request's address and conditions, with a clear answer when it cannot be read.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::wrong::without_values;

/// What stands in the address: ids, such as `/v1/invitations/{id}`.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::malformed(
                "path",
                "an id in this address cannot be read: ids are UUIDs, such as 0199a5c2-77e0-8d1c-a6f2-0f3b1c9d2e44",
            )),
        }
    }
}

/// What stands behind the question mark of the address. Its type refuses what it does not know (`deny_unknown_fields`).
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let why = text.split_once("string: ").map_or(text.as_str(), |(_, why)| why);
                Err(Problem::malformed("query", format!("the query of this address cannot be read: {}", without_values(why))))
            }
        }
    }
}

/// How many rows a page has: as asked for, 1 to 100, else 50.
///
/// # Errors
/// 400 when more or fewer are asked for.
pub fn page_size(limit: Option<u32>) -> Result<u32, Problem> {
    match limit {
        None => Ok(50),
        Some(limit @ 1..=100) => Ok(limit),
        Some(_) => Err(Problem::malformed("query:limit", "a page has 1 to 100 rows")),
    }
}

/// The version that a request names in `If-Match`.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub Option<u32>);

impl IfMatch {
    /// The version, which must be named.
    ///
    /// # Errors
    /// 428 if it is not.
    pub fn required(self) -> Result<u32, Problem> {
        self.0.ok_or_else(|| {
            let detail = "a decision names the version of the dossier that was looked at: send the ETag of the registration as `If-Match`";
            Problem::new(StatusCode::PRECONDITION_REQUIRED, "version-required", detail).at("header:If-Match", detail)
        })
    }

    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let version = value.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        match version {
            Some(version) => Ok(Self(Some(version))),
            None => Err(Problem::malformed("header:If-Match", "name one version, as the ETag of what was looked at has it, such as \"7\"")),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(&parts.headers)
    }
}
