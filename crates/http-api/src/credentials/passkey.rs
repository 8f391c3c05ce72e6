//! `POST /v1/me/credentials/passkeys/options` and `POST /v1/me/credentials/passkeys`: a passkey is registered.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use credential_vault::RelyingParty;
use domain::{CredentialId, CredentialLabel};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::shown_lately;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::Incoming;
use crate::cookie::{Opened, SessionAs};
use crate::problem::Problem;
use crate::services::Services;
use crate::sign_in::begin::SignedIn;

/// What the browser is asked for a new passkey.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewPasskey {
    /// The id under which it will be registered.
    pub id: Uuid,
    /// For `navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })` (WebAuthn level 3, §5.1.9).
    #[schema(value_type = Object)]
    pub options: Value,
}

/// What the browser answered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MadePasskey {
    /// The id that came with the options.
    pub id: Uuid,
    /// What you will know it by.
    #[schema(example = "Laptop")]
    pub label: String,
    /// What `create` gave, by its `toJSON()` (`RegistrationResponseJSON`, WebAuthn level 3, §5.1).
    #[schema(value_type = Object)]
    pub passkey: Value,
}

/// Begin with a passkey
///
/// Gives what the browser is asked to make one. Nothing is registered by this; within five minutes, the browser's answer does. One that was begun
/// before is given up.
#[utoipa::path(
    post,
    path = "/v1/me/credentials/passkeys/options",
    tag = "My credentials",
    operation_id = "begin_passkey",
    responses(
        (status = 200, description = "What to ask the browser", body = NewPasskey),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 409, description = "A password is to be set first, or browsers know no passkeys at this service's address", body = Problem),
    )
)]
pub(super) async fn begin(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
) -> Result<Json<NewPasskey>, Problem> {
    shown_lately(&session, &services)?;
    let relying_party = relying_party(&services)?;
    let sent = incoming.sent(&services, "begin passkey", &());
    let begun = services.workflows.begin_passkey((&session).into(), &relying_party, &sent).await?;
    Ok(Json(NewPasskey { id: begun.credential.0, options: begun.options }))
}

/// Register a passkey
///
/// With what the browser answered. By that it was shown to work: it counts from now on, and the session goes on under the token of the answer; the
/// one before works no more. The device must have looked who you are (by PIN, face or finger).
#[utoipa::path(
    post,
    path = "/v1/me/credentials/passkeys",
    tag = "My credentials",
    operation_id = "register_passkey",
    request_body = MadePasskey,
    responses(
        (status = 200, description = "It counts; the session goes on under a new token", body = SignedIn),
        (status = 410, description = "It took longer than five minutes, or was begun anew", body = Problem),
        (status = 422, description = "The answer is not accepted", body = Problem),
    )
)]
pub(super) async fn finish(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    held: SessionAs,
    incoming: Incoming,
    Body(body): Body<MadePasskey>,
) -> Result<Opened, Problem> {
    let relying_party = relying_party(&services)?;
    let mut checks = Checks::default();
    let label = checks.parse("/label", &body.label, CredentialLabel::parse);
    let label = checks.finish(label)?;
    let (credential, response) = (CredentialId(body.id), body.passkey.to_string());
    let sent = incoming.sent(&services, &format!("register passkey {credential}"), &body);
    let signed_in = services.workflows.finish_passkey(&session, &relying_party, credential, label, &response, &sent).await?;
    Opened::new(signed_in, held)
}

/// Who asks browsers for passkeys: the service, by the address that it was configured with, whatever a request says.
pub(crate) fn relying_party(services: &Services) -> Result<RelyingParty, Problem> {
    RelyingParty::of_base_url(&services.base_url).ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "passkeys-impossible",
            "browsers know passkeys only where the service is reached by a name and over HTTPS; please use another kind of second factor",
        )
    })
}
