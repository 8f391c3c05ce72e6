//! `POST /v1/sign-in/second-factor`: shows a second factor.

use axum::extract::State;
use command_handlers::workflows::Code;
use domain::CredentialId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::begin::SignedIn;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::command::Incoming;
use crate::cookie::{Opened, SessionAs};
use crate::problem::Problem;
use crate::services::Services;

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Of an authenticator app or a token: six or eight digits. Or a recovery code.
    #[schema(example = "287082")]
    pub code: String,
    /// The code that follows it, of a token with a button that was pressed more than ten times for nothing: by both, it is found again.
    #[schema(example = "359152")]
    pub next_code: Option<String>,
    /// Of which credential, if there are several authenticators and tokens.
    pub credential: Option<Uuid>,
}

/// Show the second factor
///
/// Once after signing in, and again before something that asks for it to have been shown not long ago. The session goes on under the token of the
/// answer, or the cookie if it came in one; the one before works no more. Each code works once; five wrong ones, and none is looked at for a quarter of an hour.
#[utoipa::path(
    post,
    path = "/v1/sign-in/second-factor",
    tag = "Sign-in",
    operation_id = "prove",
    request_body = Proof,
    responses(
        (status = 200, description = "It was right; the session goes on under a new token", body = SignedIn),
        (status = 403, description = "Too many codes were wrong", body = Problem),
        (status = 422, description = "The code is not right, or it is not clear of which credential it is", body = Problem),
    )
)]
pub(super) async fn prove(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    held: SessionAs,
    incoming: Incoming,
    Body(body): Body<Proof>,
) -> Result<Opened, Problem> {
    let code = Code { code: &body.code, next: body.next_code.as_deref() };
    let sent = incoming.sent(&services, "show second factor", &());
    let signed_in = services.workflows.prove_second_factor(&session, body.credential.map(CredentialId), code, &sent).await?;
    Opened::new(signed_in, held)
}
