//! `GET /v1/invitations/{id}`: one invitation.

use axum::extract::State;
use domain::invitation::Invitation;

use super::view::InvitationView;
use crate::access::{SentInvitation, The};
use crate::found::Found;
use crate::problem::Problem;
use crate::services::Services;

/// Look at an invitation
///
/// A partner at its own; the staff at any.
#[utoipa::path(
    get,
    path = "/v1/invitations/{id}",
    tag = "Invitations",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses(
        (status = 200, description = "The invitation", body = InvitationView),
        (status = 404, description = "There is none, or it is not yours", body = Problem),
    )
)]
pub(super) async fn show(
    State(services): State<Services>,
    The(SentInvitation { id, .. }): The<SentInvitation>,
) -> Result<Found<InvitationView>, Problem> {
    let seen = services.handlers.inspect::<Invitation, _>(id.0, |state, _| InvitationView::of(id, state)).await?;
    let view = seen.flatten().ok_or_else(|| Problem::not_found("invitation"))?;
    Ok(Found::now(&services, view))
}
