//! How the events of a person's data change it.

use std::collections::BTreeSet;

use super::{PersonEvent, PersonState};

/// The state after an event.
pub(super) fn evolve(state: PersonState, event: &PersonEvent) -> PersonState {
    match event {
        PersonEvent::ForgettingStarted { reason: _ } => PersonState::Forgetting,
        PersonEvent::Forgotten {} => PersonState::Forgotten { acknowledged_by: BTreeSet::new() },
        PersonEvent::ErasureAcknowledged { service } => match state {
            PersonState::Known => PersonState::Known,
            PersonState::Forgetting => PersonState::Forgetting,
            PersonState::Forgotten { mut acknowledged_by } => {
                acknowledged_by.insert(*service);
                PersonState::Forgotten { acknowledged_by }
            }
        },
    }
}
