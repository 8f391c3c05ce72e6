//! `GET /v1/me/credentials/next`: where *Purchase or Register Credentials* leads.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::{CredentialStage, CredentialType, OwnCredential, own};
use crate::access::{By, InSession};
use crate::problem::Problem;
use crate::services::Services;

/// A step of credentialing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialingStep {
    /// Show that the credential which was begun works.
    Confirm,
    /// Register a second factor: one is needed.
    RegisterSecondFactor,
    /// Make recovery codes, for when the second factor is lost.
    MakeRecoveryCodes,
    /// Nothing needs to be done; a second factor can be registered all the same.
    Manage,
}

/// Where somebody is with their credentials.
#[derive(Debug, Serialize, ToSchema)]
pub struct Credentialing {
    /// What comes next.
    pub next: CredentialingStep,
    /// Which credential it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Uuid>,
}

/// The next step
///
/// Kept by the server: whoever comes back, from the mail *Login Success* or from *My Account*, goes on where they stopped.
#[utoipa::path(
    get,
    path = "/v1/me/credentials/next",
    tag = "My credentials",
    operation_id = "next",
    responses((status = 200, description = "What comes next", body = Credentialing))
)]
pub(super) async fn next(State(services): State<Services>, By(InSession(session)): By<InSession>) -> Result<Json<Credentialing>, Problem> {
    let account = services.workflows.account_in(&session).await?.ok_or_else(Problem::unauthenticated)?;
    let own = own(&account, &services).await?;
    let has_factor = !account.means.second_factors.is_empty();
    // A passkey is shown to work by being registered: one that a crash left pending is begun anew.
    let waits = |own: &&OwnCredential| own.state == CredentialStage::Pending && own.of_type != CredentialType::Passkey;
    let begun = own.iter().find(waits);
    let has_codes = own.iter().any(|credential| credential.of_type == CredentialType::RecoveryCodes);
    let next = match begun {
        Some(_) => CredentialingStep::Confirm,
        None if !has_factor && account.next.is_some() => CredentialingStep::RegisterSecondFactor,
        None if has_factor && !has_codes => CredentialingStep::MakeRecoveryCodes,
        None => CredentialingStep::Manage,
    };
    Ok(Json(Credentialing { next, credential: begun.map(|credential| credential.id) }))
}
