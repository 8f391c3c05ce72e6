//! `POST /v1/me/password`: changes the password.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{By, InSession};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::fields::Done;
use crate::problem::Problem;
use crate::services::Services;

/// The current password and a new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password until now, so that a session left open is not enough.
    pub current_password: String,
    /// The new one: 12 to 128 characters, not guessable.
    pub password: String,
}

/// Change the password
///
/// Ends the user's other sessions, and sends them a mail.
#[utoipa::path(
    post,
    path = "/v1/me/password",
    tag = "My account",
    request_body = ChangePassword,
    responses(
        (status = 200, description = "The password is changed", body = Done),
        (status = 422, description = "The current password is wrong, or the new one too weak", body = Problem),
    )
)]
pub(super) async fn change_password(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<ChangePassword>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, "change password", &());
    let answer = services.workflows.change_password(&session, &body.current_password, &body.password, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: session.person.0 }))
}
