//! `DELETE /v1/registrations/{id}/administrators/{person}/roles/{role}`: takes a role from an administrator-to-be.

use axum::extract::State;
use domain::PersonId;
use domain::registration::{Registration, RegistrationCommand};
use uuid::Uuid;

use super::progress::{Progress, taken, unchanged};
use super::role::from_address;
use crate::access::{OwnCase, The};
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::problem::Problem;
use crate::services::Services;

/// Take a role from an administrator-to-be
///
/// Without any role they are no administrator-to-be any more.
#[utoipa::path(
    delete,
    path = "/v1/registrations/{id}/administrators/{person}/roles/{role}",
    tag = "Registrations",
    params(
        ("id" = Uuid, Path, description = "The registration"),
        ("person" = Uuid, Path, description = "The administrator-to-be"),
        ("role" = String, Path, description = "`organization-administrator`, or the id of the application")
    ),
    responses(
        (status = 200, description = "They do not have it", body = Progress),
        (status = 409, description = "The registration cannot be changed now", body = Problem),
    )
)]
pub(super) async fn deselect(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    Path((_, person, role)): Path<(Uuid, PersonId, String)>,
    version: IfMatch,
) -> Result<Accepted<Progress>, Problem> {
    let role = from_address(&role)?;
    let sent = incoming.sent(&services, &format!("deselect {id} {person}"), &role);
    unchanged(id, version, &sent, &services).await?;
    let command = RegistrationCommand::DeselectAdministrator { nominee: person, role: role.into() };
    let answer = services.handlers.handle::<Registration>(id.0, command, &sent).await?;
    taken(id, &answer, &services).await
}
