//! What the messages to other services look like: for everybody, since a consumer is written before it has a token.

pub mod asyncapi;
pub mod list;
pub mod show;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(list::schemas), [Role::Anyone.of(Scope::Everything)])
        .add(routes!(show::schema), [Role::Anyone.of(Scope::Everything)])
        .add(routes!(asyncapi::asyncapi), [Role::Anyone.of(Scope::Everything)])
}

/// A document that changes with versions of the service only: it may be kept for an hour, and asked for again by its tag.
fn document(request: &HeaderMap, content_type: &'static str, text: &'static str) -> Response {
    let digest = Sha256::digest(text.as_bytes());
    let tag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
    let tag = format!("\"{tag}\"");
    let has_it = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| tags.split(',').map(|given| given.trim().trim_start_matches("W/")).any(|given| given == tag || given == "*"));
    let mut response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
