//! What the endpoints share by which an inviter changes an invitation.

use command_handlers::Answer;
use domain::InvitationId;
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent};
use serde::Serialize;

use super::view::InvitationView;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// Sends an inviter's command to an invitation of theirs.
pub(super) async fn send(
    services: &Services,
    incoming: &Incoming,
    id: InvitationId,
    about: &str,
    body: &impl Serialize,
    command: InvitationCommand,
) -> Result<Accepted<InvitationView>, Problem> {
    let sent = incoming.sent(services, &format!("{about} {id}"), body);
    let answer = services.handlers.handle::<Invitation>(id.0, command, &sent).await?;
    answered(services, id, &answer).await
}

/// The invitation as it is after the command.
pub(super) async fn answered(
    services: &Services,
    id: InvitationId,
    answer: &Answer<InvitationEvent>,
) -> Result<Accepted<InvitationView>, Problem> {
    let view = services.handlers.inspect::<Invitation, _>(id.0, |state, _| InvitationView::of(id, state)).await?;
    Ok(Accepted::new(services, answer, view.flatten().ok_or_else(|| Problem::not_found("invitation"))?))
}
