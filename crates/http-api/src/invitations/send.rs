//! What the endpoints share by which an inviter changes an invitation.

use command_handlers::{Answer, Sent};
use domain::InvitationId;
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent};
use serde::Serialize;

use super::view::{InvitationView, may_change};
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
    let sent = sendable(services, incoming, id, about, body).await?;
    let answer = services.handlers.handle::<Invitation>(id.0, command, &sent).await?;
    answered(services, id, &answer).await
}

/// The command, if this is an invitation of the caller's.
pub(super) async fn sendable(
    services: &Services,
    incoming: &Incoming,
    id: InvitationId,
    about: &str,
    body: &impl Serialize,
) -> Result<Sent, Problem> {
    let inviter = services.handlers.inspect::<Invitation, _>(id.0, |state, _| state.invited().map(|invited| invited.inviter)).await?;
    may_change(&incoming.caller, inviter.flatten().ok_or_else(|| Problem::not_found("invitation"))?)?;
    Ok(incoming.sent(services, &format!("{about} {id}"), body))
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
