//! `GET /v1/me`: who is signed in.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, InSession, SignedIn};
use crate::fields::{ContactDetails, HeldRole};
use crate::first_login::step::{LoginProgress, Step, account};
use crate::problem::Problem;
use crate::services::Services;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Their id.
    pub id: Uuid,
    /// Their User ID.
    pub user_id: String,
    /// How to reach them; left out if it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactDetails>,
    /// Of which organization.
    pub organization: Uuid,
    /// Its name.
    pub organization_name: String,
    /// What they are beside a user.
    pub roles: Vec<HeldRole>,
    /// The step of first-time login that comes next; left out when the account is established.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Step>,
}

/// Who is signed in
#[utoipa::path(get, path = "/v1/me", tag = "My account", operation_id = "show", responses((status = 200, description = "Who is signed in", body = Me)))]
pub(super) async fn me(
    State(services): State<Services>,
    By(SignedIn { person, organization, .. }): By<SignedIn>,
    By(InSession(session)): By<InSession>,
) -> Result<Json<Me>, Problem> {
    let account = account(&services, person).await?;
    Ok(Json(Me {
        id: person.0,
        user_id: account.user_id.to_string(),
        contact: account.contact.get().map(ContactDetails::from),
        organization: organization.0,
        organization_name: account.organization_name.to_string(),
        roles: account.roles.iter().copied().map(HeldRole::from).collect(),
        next: LoginProgress::now(&services, &session).await?.next,
    }))
}
