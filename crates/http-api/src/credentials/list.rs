//! `GET /v1/me/credentials`: one's own second factors and recovery codes.

use axum::Json;
use axum::extract::State;
use command_handlers::workflows::{OpenAccount, OwnedCredential};
use domain::credential::CredentialKind;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, InSession};
use crate::problem::Problem;
use crate::services::Services;

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialType {
    /// An authenticator app.
    Authenticator,
    /// A passkey.
    Passkey,
    /// A one-time-password token bought elsewhere.
    Token,
    /// A set of recovery codes.
    RecoveryCodes,
}

/// How far a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStage {
    /// It was begun and waits to be shown to work: it does not count. A passkey is begun anew.
    Pending,
    /// It counts.
    Active,
}

/// One of somebody's credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCredential {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    #[serde(rename = "type")]
    pub of_type: CredentialType,
    /// What they call it.
    #[schema(example = "Phone")]
    pub label: String,
    /// Its serial number, of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// How far it is.
    pub state: CredentialStage,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered_at: Timestamp,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// How many codes were not used yet, of recovery codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes_left: Option<usize>,
}

/// One's own credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCredentials {
    /// Oldest first; those that were revoked are left out.
    pub items: Vec<OwnCredential>,
}

impl OwnCredential {
    async fn of(owned: OwnedCredential, services: &Services) -> Result<Self, Problem> {
        let OwnedCredential { factor, registered, counts } = owned;
        let state = if counts { CredentialStage::Active } else { CredentialStage::Pending };
        let (of_type, serial) = match registered.kind {
            CredentialKind::Authenticator => (CredentialType::Authenticator, None),
            CredentialKind::Passkey => (CredentialType::Passkey, None),
            CredentialKind::Token { serial } => (CredentialType::Token, Some(serial)),
            CredentialKind::RecoveryCodes => (CredentialType::RecoveryCodes, None),
        };
        let codes_left = match of_type {
            CredentialType::RecoveryCodes => {
                let left = services.vault.recovery_codes_left(factor.id).await;
                Some(left.map_err(|error| Problem::internal(&error))?)
            }
            CredentialType::Authenticator | CredentialType::Passkey | CredentialType::Token => None,
        };
        let (id, label) = (factor.id.0, registered.label.to_string());
        let (registered_at, last_used_at) = (factor.created_at, factor.last_used_at);
        Ok(Self { id, of_type, label, serial, state, registered_at, last_used_at, codes_left })
    }
}

/// Your credentials
///
/// Second factors and recovery codes, as they are now.
#[utoipa::path(
    get,
    path = "/v1/me/credentials",
    tag = "My credentials",
    operation_id = "list",
    responses((status = 200, description = "Oldest first", body = OwnCredentials))
)]
pub(super) async fn list(State(services): State<Services>, By(InSession(session)): By<InSession>) -> Result<Json<OwnCredentials>, Problem> {
    let account = services.workflows.account_in(&session).await?.ok_or_else(Problem::unauthenticated)?;
    Ok(Json(OwnCredentials { items: own(&account, &services).await? }))
}

/// What somebody has, as the log says it at this moment.
pub(super) async fn own(account: &OpenAccount, services: &Services) -> Result<Vec<OwnCredential>, Problem> {
    let owned = services.workflows.credentials_of(account).await?;
    let mut items = Vec::with_capacity(owned.len());
    for owned in owned {
        items.push(OwnCredential::of(owned, services).await?);
    }
    Ok(items)
}
