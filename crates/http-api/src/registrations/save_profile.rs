//! `PUT /v1/registrations/{id}/profile`: saves the organization's profile.

use axum::extract::State;
use domain::registration::{Registration, RegistrationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::progress::{Progress, taken, unchanged};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::extract::IfMatch;
use crate::fields::CompanyProfile;
use crate::problem::Problem;
use crate::services::Services;

/// The profile.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveProfile {
    /// All of it, as it shall be.
    pub profile: CompanyProfile,
}

/// Save the organization's profile
///
/// All of it, as it shall be.
#[utoipa::path(
    put,
    path = "/v1/registrations/{id}/profile",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = SaveProfile,
    responses(
        (status = 200, description = "It is saved", body = Progress),
        (status = 409, description = "Another step comes first, or the registration cannot be changed now", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn save(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    version: IfMatch,
    Body(body): Body<SaveProfile>,
) -> Result<Accepted<Progress>, Problem> {
    let mut checks = Checks::default();
    let profile = body.profile.parse(&mut checks);
    let profile = checks.finish(profile)?;
    let sent = incoming.sent(&services, &format!("save-profile {id}"), &body);
    unchanged(id, version, &sent, &services).await?;
    let answer = services.handlers.handle::<Registration>(id.0, RegistrationCommand::SaveProfile { profile }, &sent).await?;
    taken(id, &answer, &services).await
}
