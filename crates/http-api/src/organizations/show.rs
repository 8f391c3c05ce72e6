//! `GET /v1/organizations/{id}`: an organization.

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Company, The};
use crate::caller::Caller;
use crate::downstream::as_told;
use crate::fields::CompanyProfile;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationShown {
    /// Its id.
    pub id: Uuid,
    /// Its profile.
    pub profile: CompanyProfile,
    /// Where it stands: `active`, `suspended`, `closed`.
    pub state: String,
    /// Why it was suspended, reinstated or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The case that it was approved in.
    pub registration: Uuid,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub approved_at: Timestamp,
    /// Whether it owns applications.
    pub is_partner: bool,
    /// The profile as it would be, if a change waits for review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amendment: Option<CompanyProfile>,
    /// Since when it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub amendment_requested_at: Option<Timestamp>,
    /// Its administrators.
    pub administrators: Vec<AdministratorShown>,
}

/// An administrator of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdministratorShown {
    /// Who.
    pub id: Uuid,
    /// Whether their account is established, so that they can act.
    pub established: bool,
}

impl From<directory::Organization> for OrganizationShown {
    fn from(organization: directory::Organization) -> Self {
        let administrators = organization.administrators.0.into_iter();
        Self {
            id: organization.id.0,
            profile: (&organization.profile.0).into(),
            state: organization.state.to_string(),
            reason: organization.reason,
            registration: organization.registration.0,
            approved_at: organization.approved_at,
            is_partner: organization.is_partner,
            amendment: organization.amendment.map(|amendment| (&amendment.0).into()),
            amendment_requested_at: organization.amendment_requested_at,
            administrators: administrators.map(|of| AdministratorShown { id: of.person.0, established: of.established }).collect(),
        }
    }
}

impl OrganizationShown {
    /// Without what is between the organization and the operator.
    fn for_a_service(self) -> Self {
        Self { reason: None, amendment: None, amendment_requested_at: None, administrators: Vec::new(), ..self }
    }
}

/// Show an organization
///
/// A user sees their own only; any other is not there for them. A downstream service that is limited to applications sees those that are
/// subscribed to one of them; services see no reasons, no changes that wait for review, no administrators.
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}",
    tag = "Organizations",
    operation_id = "show",
    params(("id" = Uuid, Path, description = "Which organization")),
    responses(
        (status = 200, description = "The organization", body = OrganizationShown),
        (status = 404, description = "There is no such organization, or not for the caller", body = Problem),
    )
)]
pub(super) async fn organization(
    State(services): State<Services>,
    caller: Caller,
    The(Company(id)): The<Company>,
    at: ReadAt,
) -> Result<Found<OrganizationShown>, Problem> {
    let is_service = matches!(caller, Caller::Service { .. });
    let at = if is_service { as_told(&services, at) } else { at };
    let mut view = services.read(&services.views.directory, at).await?;
    let found = directory::organization(view.rows(), id).await.map_err(broken)?.ok_or_else(|| Problem::not_found("organization"))?;
    let mut shown = OrganizationShown::from(found);
    if is_service {
        shown = shown.for_a_service();
    }
    Ok(Found::at(&services, view.position(), shown))
}
