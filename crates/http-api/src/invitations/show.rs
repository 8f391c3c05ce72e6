//! `GET /v1/invitations/{id}`: one invitation.

use axum::extract::State;
use domain::InvitationId;
use domain::invitation::Invitation;

use super::view::{InvitationView, may_see};
use crate::caller::Caller;
use crate::extract::Path;
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
    caller: Caller,
    Path(id): Path<InvitationId>,
) -> Result<Found<InvitationView>, Problem> {
    let seen = services
        .handlers
        .inspect::<Invitation, _>(id.0, |state, _| Some((state.invited()?.inviter, InvitationView::of(id, state)?)))
        .await?;
    let (inviter, view) = seen.flatten().ok_or_else(|| Problem::not_found("invitation"))?;
    may_see(&caller, inviter)?;
    Ok(Found::now(&services, view))
}
