//! `GET /v1/schemas`: which schemas there are.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use public_events::schema::KINDS;
use serde::Serialize;
use utoipa::ToSchema;

use crate::services::Services;

/// The schemas of what other services are told.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaList {
    /// Where the schema of an event's envelope is.
    pub envelope: String,
    /// Where the schema of a line of a snapshot is.
    pub snapshot: String,
    /// Where the AsyncAPI document is, which has all of it.
    pub asyncapi: String,
    /// The types of events, aggregate by aggregate.
    pub events: Vec<EventKind>,
}

/// A type of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventKind {
    /// The type.
    #[serde(rename = "type")]
    #[schema(example = "access.granted.v1")]
    pub kind: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Where the schema of its data is: `dataschema` of the events.
    pub schema: String,
}

/// List the schemas of events
#[utoipa::path(
    get,
    path = "/v1/schemas",
    tag = "Schemas",
    operation_id = "list",
    security(()),
    responses((status = 200, description = "Where each schema is", body = SchemaList))
)]
pub(super) async fn schemas(State(services): State<Services>) -> Response {
    let at = |name: &str| format!("{}/{name}.json", services.downstream.origin.schemas);
    let list = SchemaList {
        envelope: at("envelope"),
        snapshot: at("snapshot"),
        asyncapi: format!("{}/v1/asyncapi.json", services.base_url),
        events: KINDS.iter().map(|kind| EventKind { kind: kind.kind, meaning: kind.meaning.trim(), schema: at(kind.kind) }).collect(),
    };
    ([(header::CACHE_CONTROL, "public, max-age=3600")], Json(list)).into_response()
}
