//! `POST /v1/invitations/{id}/resend`: sends an invitation again.

use axum::extract::State;
use domain::invitation::{Invitation, InvitationState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::send::answered;
use super::view::InvitationView;
use crate::access::{SentInvitation, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::limits::Metered;
use crate::problem::Problem;
use crate::services::Services;

/// For how long.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendInvitation {
    /// Days until it expires, 1 to 90; the service's default is 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
}

/// Send an invitation again
///
/// With a new link; the old one stops working. An expired invitation comes to life again.
#[utoipa::path(
    post,
    path = "/v1/invitations/{id}/resend",
    tag = "Invitations",
    params(("id" = Uuid, Path, description = "The invitation")),
    request_body = ResendInvitation,
    responses(
        (status = 200, description = "It is sent again", body = InvitationView),
        (status = 404, description = "There is none, or another has sent it", body = Problem),
        (status = 409, description = "The company has another open invitation of the inviter by now", body = Problem),
        (status = 410, description = "It was accepted, declined or taken back", body = Problem),
    )
)]
pub(super) async fn resend(
    State(services): State<Services>,
    The(invitation): The<SentInvitation>,
    incoming: Incoming,
    metered: Metered,
    Body(body): Body<ResendInvitation>,
) -> Result<Accepted<InvitationView>, Problem> {
    let id = invitation.id;
    let sent = incoming.sent(&services, &format!("resend {id}"), &body);
    let address = |state: &InvitationState| state.invited()?.addressee.get().map(|addressee| addressee.email.as_str().to_owned());
    let address = services.handlers.inspect::<Invitation, _>(id.0, |state, _| address(state)).await?.flatten();
    let mail = address.map(|address| metered.mail(&services, &address)).transpose()?;
    let answer = services.workflows.resend_invitation(id, body.expires_in_days, &sent).await?;
    if let Some(mail) = mail.filter(|_| !answer.repeated) {
        mail.keep();
    }
    answered(&services, id, &answer).await
}
