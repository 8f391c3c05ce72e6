//! `POST /v1/registrations/{id}/approve`: approves a registration.

use axum::extract::State;
use command_handlers::Answer;
use command_handlers::workflows;
use domain::registration::{RegistrationEvent, Reviewer};
use domain::{Reason, RegistrationId};

use super::by_reviewer::versioned;
use crate::access::{AsReviewer, By};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::{IfMatch, Path};
use crate::fields::Because;
use crate::problem::Problem;
use crate::registrations::progress::{Progress, taken};
use crate::services::Services;

/// Approve a registration
///
/// Its registered identifiers are the organization's from then on. Where two people must approve, the first one proposes it.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/approve",
    tag = "Review",
    params(("id" = Uuid, Path, description = "The registration"), ("If-Match" = String, Header, description = "The version that was looked at")),
    request_body = Because,
    responses(
        (status = 200, description = "It is approved, or waits for the second person", body = Progress),
        (status = 403, description = "You have to do with the organization, submitted it, or were the first of the two", body = Problem),
        (status = 409, description = "You have not claimed it; or a registered identifier belongs to another organization: link the case to it", body = Problem),
        (status = 412, description = "The dossier changed since", body = Problem),
        (status = 428, description = "No version was named", body = Problem),
    )
)]
pub(super) async fn approve(
    State(services): State<Services>,
    By(AsReviewer(reviewer)): By<AsReviewer>,
    incoming: Incoming,
    Path(id): Path<RegistrationId>,
    version: IfMatch,
    Body(body): Body<Because>,
) -> Result<Accepted<Progress>, Problem> {
    let dossier_version = version.required()?;
    let reason = body.parse()?;
    let answer = one(&services, &incoming, id, reviewer, dossier_version, reason).await?;
    taken(id, &answer, &services).await
}

/// Approves one case. Alone or in a batch, it is the same command under the same key.
pub(super) async fn one(
    services: &Services,
    incoming: &Incoming,
    id: RegistrationId,
    reviewer: Reviewer,
    dossier_version: u32,
    reason: Reason,
) -> Result<Answer<RegistrationEvent>, Problem> {
    let sent = incoming.sent(services, &format!("approve {id}"), &(dossier_version, &reason));
    let approve = workflows::Approve { reviewer, dossier_version, reason };
    services.workflows.approve(id, approve, &sent).await.map_err(|error| versioned(error.into()))
}
