//! Which events follow a command about a person's data.

use super::{PersonCommand, PersonEvent, PersonRejection, PersonState};
use crate::Context;

/// Decides a command.
pub(super) fn decide(state: &PersonState, command: PersonCommand, _context: &Context) -> Result<Vec<PersonEvent>, PersonRejection> {
    match command {
        PersonCommand::ForgetPerson { reason } => Ok(match state {
            PersonState::Known => vec![PersonEvent::ForgettingStarted { reason }],
            PersonState::Forgetting | PersonState::Forgotten { .. } => vec![],
        }),
        PersonCommand::CompleteForgetting {} => match state {
            PersonState::Known => Err(PersonRejection::ForgettingNotStarted),
            PersonState::Forgetting => Ok(vec![PersonEvent::Forgotten {}]),
            PersonState::Forgotten { .. } => Ok(vec![]),
        },
        PersonCommand::AcknowledgeErasure { service } => match state {
            PersonState::Known | PersonState::Forgetting => Err(PersonRejection::NotErased),
            PersonState::Forgotten { acknowledged_by } if acknowledged_by.contains(&service) => Ok(vec![]),
            PersonState::Forgotten { .. } => Ok(vec![PersonEvent::ErasureAcknowledged { service }]),
        },
    }
}
