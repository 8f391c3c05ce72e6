//! How the events of a reservation change it.

use super::{ReservationEvent, ReservationState};

/// The state after an event.
pub(super) fn evolve(state: ReservationState, event: &ReservationEvent) -> ReservationState {
    match event {
        ReservationEvent::Taken { kind, owner } => {
            ReservationState { held: Some((*kind, *owner)), takings: state.takings.saturating_add(1) }
        }
        ReservationEvent::Released { owner: _ } => ReservationState { held: None, ..state },
    }
}
