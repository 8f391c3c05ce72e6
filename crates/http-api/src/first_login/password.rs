//! `POST /v1/first-login/password`: sets the first password.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::step::LoginProgress;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// 12 to 128 characters, not guessable by somebody who knows the user and the company.
    pub password: String,
}

/// Set a password
///
/// The one-time password is used up by it. Only where that is the next step: whoever has a password changes it by `POST /v1/me/password`,
/// knowing the current one. A password that is too weak is refused with what would make it stronger.
#[utoipa::path(
    post,
    path = "/v1/first-login/password",
    tag = "First-time login",
    request_body = NewPassword,
    responses(
        (status = 200, description = "The password is set", body = LoginProgress),
        (status = 409, description = "Another step is next: the password is set already", body = Problem),
        (status = 422, description = "The password is too weak; the problem says why", body = Problem),
    )
)]
pub(super) async fn set_password(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<NewPassword>,
) -> Result<Accepted<LoginProgress>, Problem> {
    let sent = incoming.sent(&services, "set password", &());
    let answer = services.workflows.set_password(&session, &body.password, &sent).await?;
    let progress = LoginProgress::now(&services, &session).await?;
    Ok(Accepted::new(&services, &answer, progress))
}
