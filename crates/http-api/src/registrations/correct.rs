//! `PUT /v1/registrations/{id}/administrators/{person}`: corrects an administrator-to-be.

use axum::extract::State;
use domain::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::progress::{Progress, taken, unchanged};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::fields::ContactDetails;
use crate::problem::Problem;
use crate::services::Services;

/// How it should be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectAdministrator {
    /// How to reach them.
    pub nominee: ContactDetails,
    /// Their new one-time password: the one before is void.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub one_time_password: String,
}

/// Correct an administrator-to-be
///
/// Needs a new one-time password, whose handover is to be acknowledged again.
#[utoipa::path(
    put,
    path = "/v1/registrations/{id}/administrators/{person}",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration"), ("person" = Uuid, Path, description = "The administrator-to-be")),
    request_body = CorrectAdministrator,
    responses(
        (status = 200, description = "They are corrected", body = Progress),
        (status = 422, description = "A field is not valid, the one-time password is too weak, or nobody of this id was named", body = Problem),
    )
)]
pub(super) async fn correct(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    Path((_, person)): Path<(Uuid, PersonId)>,
    version: IfMatch,
    Body(body): Body<CorrectAdministrator>,
) -> Result<Accepted<Progress>, Problem> {
    let mut checks = Checks::default();
    let contact = body.nominee.parse(&mut checks, "/nominee");
    let contact = checks.finish(contact)?;
    let sent = incoming.sent(&services, &format!("correct {id} {person}"), &body);
    unchanged(id, version, &sent, &services).await?;
    let answer = services.workflows.correct_nominee(id, person, contact, &body.one_time_password, &sent).await?;
    taken(id, &answer, &services).await
}
