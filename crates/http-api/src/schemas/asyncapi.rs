//! `GET /v1/asyncapi.json`: all messages, by subject.

use axum::http::HeaderMap;
use axum::response::Response;
use public_events::schema::served_asyncapi;

use super::document;

/// Show the AsyncAPI document
///
/// Which messages come on which subjects of NATS, with their schemas (AsyncAPI 3.0).
#[utoipa::path(
    get,
    path = "/v1/asyncapi.json",
    tag = "Schemas",
    operation_id = "asyncapi",
    security(()),
    responses(
        (status = 200, description = "The document", body = Object, content_type = "application/vnd.aai.asyncapi+json"),
        (status = 304, description = "It is what `If-None-Match` names"),
    )
)]
pub(super) async fn asyncapi(request: HeaderMap) -> Response {
    document(&request, "application/vnd.aai.asyncapi+json", served_asyncapi())
}
