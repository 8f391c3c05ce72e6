//! `POST /v1/invitations/current/accept`: begins the registration that an invitation leads to.

use axum::extract::State;

use crate::access::{Addressee, By};
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::registrations::progress::{Progress, look};
use crate::services::Services;

/// Accept the invitation of a link
///
/// Begins the registration, or goes back to it: the same link leads to the same registration, however often it is followed.
#[utoipa::path(
    post,
    path = "/v1/invitations/current/accept",
    tag = "Invitations",
    responses(
        (status = 201, description = "The registration, begun or resumed", body = Progress),
        (status = 409, description = "The company is registered already: its administrator answers the offer after signing in", body = Problem),
        (status = 410, description = "The link does not work any more", body = Problem),
    )
)]
pub(super) async fn accept(
    State(services): State<Services>,
    By(Addressee { invitation, generation }): By<Addressee>,
    incoming: Incoming,
) -> Result<Accepted<Progress>, Problem> {
    let sent = incoming.sent(&services, &format!("accept {invitation}"), &generation);
    let (id, answer) = services.workflows.accept_invitation(invitation, generation, &sent).await?;
    let progress = look(id, &services, |case| Progress::of(id, case)).await?;
    let version = progress.dossier_version;
    Ok(Accepted::new(&services, &answer, progress).created(format!("/v1/registrations/{id}")).version(version))
}
