//! `POST /v1/invitations/{id}/revoke`: takes an invitation back.

use axum::extract::State;
use domain::Reason;
use domain::invitation::InvitationCommand;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::send::send;
use super::view::InvitationView;
use crate::access::{SentInvitation, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// Why it is taken back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeInvitation {
    /// Why; the addressee is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Take an invitation back
///
/// Its link stops working, and the addressee is told by mail.
#[utoipa::path(
    post,
    path = "/v1/invitations/{id}/revoke",
    tag = "Invitations",
    params(("id" = Uuid, Path, description = "The invitation")),
    request_body = RevokeInvitation,
    responses(
        (status = 200, description = "It is taken back", body = InvitationView),
        (status = 404, description = "There is none, or another has sent it", body = Problem),
        (status = 410, description = "It was accepted or declined, or has expired", body = Problem),
    )
)]
pub(super) async fn revoke(
    State(services): State<Services>,
    The(invitation): The<SentInvitation>,
    incoming: Incoming,
    Body(body): Body<RevokeInvitation>,
) -> Result<Accepted<InvitationView>, Problem> {
    let mut checks = Checks::default();
    let reason = checks.parse_optional("/reason", body.reason.as_deref(), Reason::parse);
    checks.finish(Some(()))?;
    send(&services, &incoming, invitation.id, "revoke", &body, InvitationCommand::RevokeInvitation { reason }).await
}
