//! Ends one's own sessions.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use credential_vault::SessionId;
use uuid::Uuid;

use crate::access::{By, InSession};
use crate::credentials::shown_lately;
use crate::problem::Problem;
use crate::services::Services;

/// End a session
///
/// Whatever it is signed in with has to sign in again.
#[utoipa::path(
    delete,
    path = "/v1/me/sessions/{id}",
    tag = "My sessions",
    operation_id = "end",
    params(("id" = Uuid, Path, description = "Which session")),
    responses(
        (status = 204, description = "It is over"),
        (status = 403, description = "Signed in too long ago for this", body = Problem),
        (status = 404, description = "You have no such session", body = Problem),
    )
)]
pub(super) async fn one(
    State(services): State<Services>,
    By(InSession(current)): By<InSession>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    shown_lately(&current, &services)?;
    let ended = services.vault.end_session_of(current.person, SessionId(id)).await.map_err(|error| Problem::internal(&error))?;
    if ended { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("session")) }
}

/// End all other sessions
#[utoipa::path(
    post,
    path = "/v1/me/sessions/end-others",
    tag = "My sessions",
    operation_id = "end_others",
    responses(
        (status = 204, description = "The session that asked is the only one"),
        (status = 403, description = "Signed in too long ago for this", body = Problem),
    )
)]
pub(super) async fn others(State(services): State<Services>, By(InSession(current)): By<InSession>) -> Result<StatusCode, Problem> {
    shown_lately(&current, &services)?;
    services.vault.end_others(current.person, current.id).await.map_err(|error| Problem::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
