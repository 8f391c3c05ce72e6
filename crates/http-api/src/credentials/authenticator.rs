//! `POST /v1/me/credentials/authenticators`: begins to register an authenticator app.

use axum::extract::State;
use domain::CredentialLabel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::shown_lately;
use crate::access::{By, InSession};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// What it shall be called.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// What you will know it by.
    #[schema(example = "Phone")]
    pub label: String,
}

impl NewCredential {
    pub(super) fn parse(&self) -> Result<CredentialLabel, Problem> {
        let mut checks = Checks::default();
        let label = checks.parse("/label", &self.label, CredentialLabel::parse);
        checks.finish(label)
    }
}

/// An authenticator that waits to be shown to work.
#[derive(Serialize, ToSchema)]
pub struct NewAuthenticator {
    /// Its id.
    pub id: Uuid,
    /// The secret to be typed into the app, in base 32. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The same as an address, for a QR code (`otpauth://totp/…`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// Register an authenticator app
///
/// Begins it: the app is given the secret, and a code of it then shows that it works (confirm). One that was begun before and never shown to
/// work is given up.
#[utoipa::path(
    post,
    path = "/v1/me/credentials/authenticators",
    tag = "My credentials",
    operation_id = "register_authenticator",
    request_body = NewCredential,
    responses(
        (status = 201, description = "It waits to be shown to work", body = NewAuthenticator),
        (status = 403, description = "It is too long ago that a factor was shown", body = Problem),
        (status = 409, description = "A password is to be set first", body = Problem),
    )
)]
pub(super) async fn begin(
    State(services): State<Services>,
    By(InSession(session)): By<InSession>,
    incoming: Incoming,
    Body(body): Body<NewCredential>,
) -> Result<Accepted<NewAuthenticator>, Problem> {
    shown_lately(&session, &services)?;
    let sent = incoming.sent(&services, "register authenticator", &body);
    let (begun, answer) = services.workflows.begin_authenticator((&session).into(), body.parse()?, &sent).await?;
    let (secret, uri) = match &begun.secret {
        None => (None, None),
        Some(secret) => {
            let issuer = services.workflows.operator_name().as_str();
            let texts = secret.base32().and_then(|text| Ok((text, secret.uri(issuer, begun.user_id.as_str())?)));
            let (text, uri) = texts.map_err(|error| Problem::internal(&error))?;
            (Some(text.to_string()), Some(uri.to_string()))
        }
    };
    let id = begun.credential.0;
    Ok(Accepted::new(&services, &answer, NewAuthenticator { id, secret, uri }).created(format!("/v1/me/credentials/{id}")))
}
