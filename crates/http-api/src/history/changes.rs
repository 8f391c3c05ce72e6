//! `GET /v1/history/{subject}/{id}/changes`: the difference between two instants.

use audit_history::Subject;
use audit_history::state_at::{difference, state_at};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::state::redacted;
use super::subject::{Asked, instant, whole};
use crate::access::{Granted, The};
use crate::extract::Query;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::services::Services;

/// Between when and when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The one instant, RFC 3339.
    from: String,
    /// The other.
    until: String,
}

/// What changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changes {
    /// By thing and field.
    pub items: Vec<ChangeShown>,
}

/// A field that differs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeShown {
    /// Which thing, by kind and id.
    pub thing: String,
    /// Which field, as a JSON pointer; empty for the whole thing.
    pub field: String,
    /// What it was; left out if it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub before: Option<serde_json::Value>,
    /// What it is; left out if it is not there any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub after: Option<serde_json::Value>,
}

/// Show what changed
///
/// Between two instants, field by field.
#[utoipa::path(
    get,
    path = "/v1/history/{subject}/{id}/changes",
    tag = "History",
    operation_id = "show_changes",
    params(
        ("subject" = String, Path, description = "`organization`, `person`, `case`, `invitation`, `application`, `staff`"),
        ("id" = Uuid, Path, description = "Which"),
        ChangesQuery
    ),
    responses(
        (status = 200, description = "The changes", body = Changes),
        (status = 404, description = "There is no such history, or not for the caller", body = Problem),
        (status = 422, description = "The history is too long for a page", body = Problem),
    )
)]
pub(super) async fn changes(
    State(services): State<Services>,
    granted: Granted,
    subject: The<Subject>,
    at: ReadAt,
    Query(query): Query<ChangesQuery>,
) -> Result<Found<Changes>, Problem> {
    let asked = Asked::new(subject, &granted);
    let (from, until) = (instant("from", &query.from)?, instant("until", &query.until)?);
    if from > until {
        return Err(Problem::malformed("query:until", "the second instant must not be before the first"));
    }
    let (events, position) = whole(&services, asked, at, until).await?;
    let before = redacted(state_at(&events, Some(from)), asked.is_auditor);
    let after = redacted(state_at(&events, Some(until)), asked.is_auditor);
    let changed = difference(&before, &after).into_iter();
    let items = changed.map(|change| ChangeShown { thing: change.thing, field: change.field, before: change.before, after: change.after });
    Ok(Found::at(&services, position, Changes { items: items.collect() }))
}
