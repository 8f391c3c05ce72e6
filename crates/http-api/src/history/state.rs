//! `GET /v1/history/{subject}/{id}/state`: the state as it was.

use audit_history::Subject;
use audit_history::state_at::{Snapshot, state_at};
use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::subject::{Asked, instant, whole};
use crate::access::{Granted, The};
use crate::extract::Query;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::services::Services;

/// When.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// The instant, RFC 3339.
    at: String,
}

/// The state of everything that a history is about, as it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateShown {
    /// When the last event that it holds was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub recorded_at: Option<Timestamp>,
    /// By kind and id, such as `registration/0198c2…`: each an object of its own shape, with its `state`.
    #[schema(value_type = Object)]
    pub things: std::collections::BTreeMap<String, serde_json::Value>,
}

/// What an organization's administrator sees of a state: what is the organization's own, and not how it was reviewed.
const OWN: [&str; 6] = ["organization", "user", "subscription", "access", "relationship", "application"];

/// Whether this reader may see things of this kind, and what happened to them.
pub(super) fn may_see(category: &str, is_auditor: bool) -> bool {
    is_auditor || OWN.contains(&category)
}

/// Leaves what this reader may see.
pub(super) fn redacted(mut snapshot: Snapshot, is_auditor: bool) -> Snapshot {
    snapshot.things.retain(|name, _| name.split_once('/').is_some_and(|(category, _)| may_see(category, is_auditor)));
    snapshot
}

/// Show the state as it was
///
/// At any instant, folded from the events that had been recorded by then.
#[utoipa::path(
    get,
    path = "/v1/history/{subject}/{id}/state",
    tag = "History",
    operation_id = "show_state",
    params(
        ("subject" = String, Path, description = "`organization`, `person`, `case`, `invitation`, `application`, `staff`"),
        ("id" = Uuid, Path, description = "Which"),
        StateQuery
    ),
    responses(
        (status = 200, description = "The state", body = StateShown),
        (status = 404, description = "There is no such history, or not for the caller", body = Problem),
        (status = 422, description = "The history is too long for a page", body = Problem),
    )
)]
pub(super) async fn state(
    State(services): State<Services>,
    granted: Granted,
    subject: The<Subject>,
    at: ReadAt,
    Query(query): Query<StateQuery>,
) -> Result<Found<StateShown>, Problem> {
    let asked = Asked::new(subject, &granted);
    let until = instant("at", &query.at)?;
    let (events, position) = whole(&services, asked, at, until).await?;
    let snapshot = redacted(state_at(&events, Some(until)), asked.is_auditor);
    Ok(Found::at(&services, position, StateShown { recorded_at: snapshot.recorded_at, things: snapshot.things }))
}
