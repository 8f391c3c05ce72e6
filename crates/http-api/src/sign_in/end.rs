//! `POST /v1/sign-out`: ends the session.

use axum::extract::State;
use axum::http::StatusCode;

use crate::access::{By, InSession};
use crate::problem::Problem;
use crate::services::Services;

/// Sign out
///
/// Ends the session whose token the request bears.
#[utoipa::path(post, path = "/v1/sign-out", tag = "Sign-in", responses((status = 204, description = "The session is over")))]
pub(super) async fn end(State(services): State<Services>, By(InSession(session)): By<InSession>) -> Result<StatusCode, Problem> {
    services.vault.end_session(session.id).await.map_err(|error| Problem::internal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
