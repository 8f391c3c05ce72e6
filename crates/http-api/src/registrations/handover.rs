//! `POST /v1/registrations/{id}/administrators/{person}/handover`: says that a one-time password will be handed over.

use axum::extract::State;
use domain::PersonId;
use domain::registration::{Registration, RegistrationCommand};
use uuid::Uuid;

use super::progress::{Progress, taken};
use crate::access::{OwnCase, The};
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::problem::Problem;
use crate::services::Services;

/// Say that a one-time password will be handed over
///
/// It is never mailed: the registrant hands it to the administrator-to-be.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/administrators/{person}/handover",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration"), ("person" = Uuid, Path, description = "The administrator-to-be")),
    responses(
        (status = 200, description = "It is noted", body = Progress),
        (status = 422, description = "Nobody of this id was named", body = Problem),
    )
)]
pub(super) async fn handover(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    Path((_, person)): Path<(Uuid, PersonId)>,
) -> Result<Accepted<Progress>, Problem> {
    let sent = incoming.sent(&services, &format!("handover {id} {person}"), &());
    let command = RegistrationCommand::AcknowledgeHandover { nominee: person };
    let answer = services.handlers.handle::<Registration>(id.0, command, &sent).await?;
    taken(id, &answer, &services).await
}
