//! `POST /v1/sign-in/passkey/options` and `POST /v1/sign-in/passkey`: a passkey is shown as the second factor.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::begin::SignedIn;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::command::Incoming;
use crate::cookie::{Opened, SessionAs};
use crate::credentials::passkey::relying_party;
use crate::problem::Problem;
use crate::services::Services;

/// What the browser is asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyRequest {
    /// For `navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })` (WebAuthn level 3, §5.1.10).
    #[schema(value_type = Object)]
    pub options: Value,
}

/// What the browser answered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownPasskey {
    /// What `get` gave, by its `toJSON()` (`AuthenticationResponseJSON`, WebAuthn level 3, §5.1).
    #[schema(value_type = Object)]
    pub passkey: Value,
}

/// Begin to show a passkey
///
/// Gives what the browser is asked; its answer is taken within five minutes, once. In place of any that was begun before.
#[utoipa::path(
    post,
    path = "/v1/sign-in/passkey/options",
    tag = "Sign-in",
    operation_id = "begin_showing_passkey",
    responses(
        (status = 200, description = "What to ask the browser", body = PasskeyRequest),
        (status = 409, description = "You have no passkey", body = Problem),
    )
)]
pub(super) async fn begin(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
) -> Result<Json<PasskeyRequest>, Problem> {
    let options = services.workflows.begin_passkey_proof(&session, &relying_party(&services)?).await?;
    Ok(Json(PasskeyRequest { options }))
}

/// Show a passkey
///
/// Once after signing in, and again before something that asks for a second factor to have been shown not long ago. The session goes on under the
/// token of the answer; the one before works no more. There is nothing to guess: a wrong answer ends what was begun, and is not counted.
#[utoipa::path(
    post,
    path = "/v1/sign-in/passkey",
    tag = "Sign-in",
    operation_id = "show_passkey",
    request_body = ShownPasskey,
    responses(
        (status = 200, description = "It is theirs; the session goes on under a new token", body = SignedIn),
        (status = 410, description = "It took longer than five minutes, or was begun anew", body = Problem),
        (status = 422, description = "The answer is not accepted", body = Problem),
    )
)]
pub(super) async fn show(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    held: SessionAs,
    incoming: Incoming,
    Body(body): Body<ShownPasskey>,
) -> Result<Opened, Problem> {
    let relying_party = relying_party(&services)?;
    let sent = incoming.sent(&services, "show passkey", &());
    let signed_in = services.workflows.finish_passkey_proof(&session, &relying_party, &body.passkey.to_string(), &sent).await?;
    Opened::new(signed_in, held)
}
