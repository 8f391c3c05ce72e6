//! `GET /v1/me/credentials`: one's own second factors and recovery codes.

use axum::Json;
use axum::extract::State;
use credential_vault::{CredentialKind as Kind, Factor, FactorState};
use domain::credential::{Credential, CredentialKind, CredentialState, Registered};
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
    /// It was begun and waits to be shown to work.
    Pending,
    /// It works.
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
    async fn of(factor: &Factor, registered: Registered, services: &Services) -> Result<Option<Self>, Problem> {
        let state = match factor.state {
            FactorState::Pending => CredentialStage::Pending,
            FactorState::Active => CredentialStage::Active,
            FactorState::Revoked => return Ok(None),
        };
        let codes_left = match factor.kind {
            Kind::RecoveryCodes => {
                let left = services.vault.recovery_codes_left(factor.id).await;
                Some(left.map_err(|error| Problem::internal(&error))?)
            }
            Kind::Password | Kind::OneTimePassword | Kind::Authenticator | Kind::Token | Kind::Passkey => None,
        };
        let (of_type, serial) = match registered.kind {
            CredentialKind::Authenticator => (CredentialType::Authenticator, None),
            CredentialKind::Passkey => (CredentialType::Passkey, None),
            CredentialKind::Token { serial } => (CredentialType::Token, Some(serial)),
            CredentialKind::RecoveryCodes => (CredentialType::RecoveryCodes, None),
        };
        let (id, label) = (factor.id.0, registered.label.to_string());
        let (registered_at, last_used_at) = (factor.created_at, factor.last_used_at);
        Ok(Some(Self { id, of_type, label, serial, state, registered_at, last_used_at, codes_left }))
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
    Ok(Json(OwnCredentials { items: own(&session, &services).await? }))
}

/// What somebody has, as vault and log say it at this moment.
pub(super) async fn own(session: &credential_vault::Session, services: &Services) -> Result<Vec<OwnCredential>, Problem> {
    let factors = services.vault.factors_of(session.person).await.map_err(|error| Problem::internal(&error))?;
    let mut items = Vec::with_capacity(factors.len());
    for factor in factors {
        let look = |state: &CredentialState| state.registered().cloned();
        let registered = services.handlers.inspect::<Credential, _>(factor.id.0, |state, _| look(state)).await?.flatten();
        if let Some(registered) = registered {
            items.extend(OwnCredential::of(&factor, registered, services).await?);
        }
    }
    Ok(items)
}
