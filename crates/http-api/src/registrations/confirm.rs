//! `POST /v1/registrations/{id}/confirm`: confirms the entries.

use axum::extract::State;
use domain::registration::{Registration, RegistrationCommand};

use super::progress::{Progress, taken, unchanged};
use crate::access::{OwnCase, The};
use crate::command::{Accepted, Incoming};
use crate::extract::IfMatch;
use crate::problem::Problem;
use crate::services::Services;

/// Confirm the entries
///
/// The registrant has looked through the whole; with `If-Match`, exactly what they looked at is confirmed. A later change asks
/// for another confirmation.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/confirm",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    responses(
        (status = 200, description = "They are confirmed", body = Progress),
        (status = 409, description = "Another step comes first", body = Problem),
        (status = 412, description = "The dossier changed since", body = Problem),
    )
)]
pub(super) async fn confirm(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    version: IfMatch,
) -> Result<Accepted<Progress>, Problem> {
    let sent = incoming.sent(&services, &format!("confirm {id}"), &());
    unchanged(id, version, &sent, &services).await?;
    let answer = services.handlers.handle::<Registration>(id.0, RegistrationCommand::ConfirmReview {}, &sent).await?;
    taken(id, &answer, &services).await
}
