//! `GET /v1/schemas/{file}`: a schema.

use axum::http::HeaderMap;
use axum::response::Response;
use public_events::schema::served;

use super::document;
use crate::extract::Path;
use crate::problem::Problem;

/// Show a schema
///
/// JSON Schema 2020-12: that of the data of an event by its type, such as `access.granted.v1.json`; `envelope.json`; `snapshot.json`.
#[utoipa::path(
    get,
    path = "/v1/schemas/{file}",
    tag = "Schemas",
    operation_id = "show",
    security(()),
    params(("file" = String, Path, description = "A type of events, `envelope` or `snapshot`, with `.json`", example = "access.granted.v1.json")),
    responses(
        (status = 200, description = "The schema", body = Object, content_type = "application/schema+json"),
        (status = 304, description = "It is what `If-None-Match` names"),
        (status = 404, description = "There is no such schema", body = Problem),
    )
)]
pub(super) async fn schema(Path(file): Path<String>, request: HeaderMap) -> Result<Response, Problem> {
    let schema = file.strip_suffix(".json").and_then(served).ok_or_else(|| Problem::not_found("schema"))?;
    Ok(document(&request, "application/schema+json", schema))
}
