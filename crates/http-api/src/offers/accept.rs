//! `POST /v1/offers/{id}/accept`: accepts an offer for the organization.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Offer, The};
use crate::command::{Accepted, Incoming};
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
        (status = 410, description = "It was declined or taken back, has expired, or its applications are retired", body = Problem),
    )
)]
pub(super) async fn accept(
    State(services): State<Services>,
    The(offer): The<Offer>,
    incoming: Incoming,
) -> Result<Accepted<AnsweredOffer>, Problem> {
    let Offer { id, organization } = offer;
    let sent = incoming.sent(&services, &format!("accept-offer {id}"), &());
    let answer = services.workflows.accept_offer(id, organization, &sent).await?;
    Ok(Accepted::new(&services, &answer, AnsweredOffer { id: id.0, state: directory::InvitationState::OfferAccepted.as_str() }))
}
