//! `POST /v1/sign-out`: ends the session.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use crate::access::{By, InSession};
use crate::cookie;
use crate::problem::Problem;
use crate::services::Services;

/// Sign out
///
/// Ends the session that the request bears. A browser drops its cookie, and whatever else it kept of this service.
#[utoipa::path(post, path = "/v1/sign-out", tag = "Sign-in", responses((status = 204, description = "The session is over")))]
pub(super) async fn end(State(services): State<Services>, By(InSession(session)): By<InSession>) -> Result<impl IntoResponse, Problem> {
    services.vault.end_session(session.id).await.map_err(|error| Problem::internal(&error))?;
    Ok((StatusCode::NO_CONTENT, cookie::clear()))
}
