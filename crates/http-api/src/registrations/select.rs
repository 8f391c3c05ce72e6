//! `POST /v1/registrations/{id}/administrators/{person}/roles`: gives an administrator-to-be another role.

use axum::extract::State;
use domain::PersonId;
use domain::registration::{Registration, RegistrationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::progress::{Progress, taken, unchanged};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::fields::HeldRole;
use crate::problem::Problem;
use crate::services::Services;

/// Which role.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectAdministrator {
    /// What they shall be.
    pub role: HeldRole,
}

/// Give an administrator-to-be another role
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/administrators/{person}/roles",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration"), ("person" = Uuid, Path, description = "The administrator-to-be")),
    request_body = SelectAdministrator,
    responses(
        (status = 200, description = "They have it", body = Progress),
        (status = 422, description = "The application is not part of the registration or needs no administrator, or nobody of this id was named", body = Problem),
    )
)]
pub(super) async fn select(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    Path((_, person)): Path<(Uuid, PersonId)>,
    version: IfMatch,
    Body(body): Body<SelectAdministrator>,
) -> Result<Accepted<Progress>, Problem> {
    let sent = incoming.sent(&services, &format!("select {id} {person}"), &body);
    unchanged(id, version, &sent, &services).await?;
    let command = RegistrationCommand::SelectAdministrator { nominee: person, role: body.role.into() };
    let answer = services.handlers.handle::<Registration>(id.0, command, &sent).await?;
    taken(id, &answer, &services).await
}
