//! `POST /v1/me/credentials/{id}/confirm`: shows that a credential works.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{By, InSession, OwnCredential, The};
use crate::body::Body;
use crate::command::Incoming;
use crate::cookie::{Opened, SessionAs};
use crate::problem::Problem;
use crate::services::Services;
use crate::sign_in::begin::SignedIn;

/// A code of the authenticator or token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six or eight digits.
    #[schema(example = "287082")]
    pub code: String,
    /// The code that follows it, of a token with a button that was pressed more than ten times for nothing.
    #[schema(example = "359152")]
    pub next_code: Option<String>,
}

/// Confirm a credential
///
/// A code shows that it works; from now on it counts. The session goes on under the token of the answer, or the cookie if it came in
/// one; the one before works no more.
#[utoipa::path(
    post,
    path = "/v1/me/credentials/{id}/confirm",
    tag = "My credentials",
    operation_id = "confirm",
    params(("id" = Uuid, Path, description = "Which credential")),
    request_body = Code,
    responses(
        (status = 200, description = "It counts; the session goes on under a new token", body = SignedIn),
        (status = 403, description = "Too many codes were wrong", body = Problem),
        (status = 404, description = "You have no such credential", body = Problem),
        (status = 422, description = "The code is not right", body = Problem),
    )
)]
pub(super) async fn confirm(
    State(services): State<Services>,
    The(credential): The<OwnCredential>,
    By(InSession(session)): By<InSession>,
    held: SessionAs,
    incoming: Incoming,
    Body(body): Body<Code>,
) -> Result<Opened, Problem> {
    let sent = incoming.sent(&services, &format!("confirm credential {}", credential.id), &());
    let code = command_handlers::workflows::Code { code: &body.code, next: body.next_code.as_deref() };
    let signed_in = services.workflows.confirm_second_factor(&session, credential.id, code, &sent).await?;
    Opened::new(signed_in, held)
}
