//! How the events of a person's data change it.

use super::{PersonEvent, PersonState};

/// The state after an event. Each event says all there is.
pub(super) fn evolve(_state: PersonState, event: &PersonEvent) -> PersonState {
    match event {
        PersonEvent::ForgettingStarted { reason: _ } => PersonState::Forgetting,
        PersonEvent::Forgotten {} => PersonState::Forgotten,
    }
}
