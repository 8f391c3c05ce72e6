//! `GET /v1/me/sessions`: where somebody is signed in.

use axum::Json;
use axum::extract::State;
use credential_vault::Assurance;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, InSession};
use crate::problem::Problem;
use crate::services::Services;

/// One of somebody's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSession {
    /// Its id.
    pub id: Uuid,
    /// With what it was begun.
    #[schema(example = "Firefox on Linux")]
    pub label: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Whether a second factor was shown in it.
    pub two_factors: bool,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub signed_in_at: Timestamp,
    /// When it was used last, to within a few minutes.
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
}

/// Where somebody is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnSessions {
    /// The sessions that are not over.
    pub items: Vec<OwnSession>,
}

/// Your sessions
#[utoipa::path(
    get,
    path = "/v1/me/sessions",
    tag = "My sessions",
    operation_id = "list",
    responses((status = 200, description = "Those that are not over", body = OwnSessions))
)]
pub(super) async fn list(State(services): State<Services>, By(InSession(current)): By<InSession>) -> Result<Json<OwnSessions>, Problem> {
    let now = (services.handlers.clock())();
    let account = services.workflows.account_in(&current).await?.ok_or_else(Problem::unauthenticated)?;
    let sessions = services.vault.list_sessions(current.person, now).await.map_err(|error| Problem::internal(&error))?;
    let shown = |(session, last_used_at): (credential_vault::Session, Timestamp)| OwnSession {
        id: session.id.0,
        current: session.id == current.id,
        two_factors: session.assurance >= Assurance::TwoFactors,
        signed_in_at: session.created_at,
        last_used_at,
        ends_at: session.ends_at,
        label: session.label,
    };
    Ok(Json(OwnSessions { items: sessions.into_iter().filter(|(session, _)| account.goes_on(session)).map(shown).collect() }))
}
