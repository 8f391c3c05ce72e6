//! `POST /v1/offers/{id}/decline`: declines an offer for the organization.

use axum::extract::State;
use domain::Reason;
use domain::invitation::{Invitation, InvitationCommand};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accept::AnsweredOffer;
use crate::access::{Offer, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// Why it is declined.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineOffer {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Decline an offer for your organization
#[utoipa::path(
    post,
    path = "/v1/offers/{id}/decline",
    tag = "Offers",
    params(("id" = Uuid, Path, description = "The invitation")),
    request_body = DeclineOffer,
    responses(
        (status = 200, description = "It is declined", body = AnsweredOffer),
        (status = 404, description = "There is none to your organization", body = Problem),
        (status = 410, description = "It was accepted or taken back, or has expired", body = Problem),
    )
)]
pub(super) async fn decline(
    State(services): State<Services>,
    The(offer): The<Offer>,
    incoming: Incoming,
    Body(body): Body<DeclineOffer>,
) -> Result<Accepted<AnsweredOffer>, Problem> {
    let Offer { id, organization } = offer;
    let mut checks = Checks::default();
    let reason = checks.parse_optional("/reason", body.reason.as_deref(), Reason::parse);
    checks.finish(Some(()))?;
    let sent = incoming.sent(&services, &format!("decline-offer {id}"), &body);
    let command = InvitationCommand::DeclineOffer { organization, reason };
    let answer = services.handlers.handle::<Invitation>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, AnsweredOffer { id: id.0, state: directory::InvitationState::OfferDeclined.as_str() }))
}
