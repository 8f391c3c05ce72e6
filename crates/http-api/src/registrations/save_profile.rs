//! `PUT /v1/registrations/{id}/profile`: saves the organization's profile.

use axum::extract::State;
use domain::RegistrationId;
use domain::registration::{Registration, RegistrationCommand};

use super::holder;
use super::profile::Profile;
use super::progress::{Progress, taken, unchanged};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::problem::Problem;
use crate::services::Services;

/// Save the organization's profile
///
/// All of it, as it shall be.
#[utoipa::path(
    put,
    path = "/v1/registrations/{id}/profile",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = Profile,
    responses(
        (status = 200, description = "It is saved", body = Progress),
        (status = 409, description = "Another step comes first, or the registration cannot be changed now", body = Problem),
        (status = 422, description = "A field is not valid", body = Problem),
    )
)]
pub(super) async fn save(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    version: IfMatch,
    Body(body): Body<Profile>,
) -> Result<Accepted<Progress>, Problem> {
    holder::check(&incoming.caller, id, &services).await?;
    let mut checks = Checks::default();
    let profile = body.parse(&mut checks);
    let profile = checks.finish(profile)?;
    unchanged(id, version, &services).await?;
    let sent = incoming.sent(&services, &format!("save-profile {id}"), &body);
    let answer = services.handlers.handle::<Registration>(id.0, RegistrationCommand::SaveProfile { profile }, &sent).await?;
    taken(id, &answer, &services).await
}
