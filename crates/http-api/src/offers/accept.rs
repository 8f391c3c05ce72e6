//! `POST /v1/offers/{id}/accept`: accepts an offer for the organization.

use axum::extract::State;
use domain::InvitationId;
use domain::invitation::{Invitation, InvitationCommand};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::problem::Problem;
use crate::services::Services;

/// The offer that was answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnsweredOffer {
    /// The invitation.
    pub id: Uuid,
    /// `offer_accepted` or `offer_declined`.
    #[schema(example = "offer_accepted")]
    pub state: &'static str,
}

/// Accept an offer for your organization
///
/// Subscribes it to the applications; no second registration.
#[utoipa::path(
    post,
    path = "/v1/offers/{id}/accept",
    tag = "Offers",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 200, description = "It is accepted", body = AnsweredOffer),
        (status = 404, description = "There is none to your organization", body = Problem),
        (status = 410, description = "It was declined or taken back, or has expired", body = Problem),
    )
)]
pub(super) async fn accept(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<InvitationId>,
) -> Result<Accepted<AnsweredOffer>, Problem> {
    let (_, organization) = incoming.caller.organization_administrator(&services).await?;
    let sent = incoming.sent(&services, &format!("accept-offer {id}"), &());
    let command = InvitationCommand::AcceptOffer { organization };
    let answer = services.handlers.handle::<Invitation>(id.0, command, &sent).await.map_err(|error| hidden(error.into()))?;
    Ok(Accepted::new(&services, &answer, AnsweredOffer { id: id.0, state: directory::InvitationState::OfferAccepted.as_str() }))
}

/// An offer to another organization, or an invitation that is none, is as if there were none.
pub(super) fn hidden(problem: Problem) -> Problem {
    let is_foreign = ["offered-to-another-organization", "invitation-not-an-offer"].iter().any(|code| problem.kind.ends_with(code));
    if is_foreign { Problem::not_found("offer") } else { problem }
}
