//! How the events of a reservation change it.

use super::{ReservationEvent, ReservationState};

/// The state after an event. Each event says all there is.
pub(super) fn evolve(_state: ReservationState, event: &ReservationEvent) -> ReservationState {
    match event {
        ReservationEvent::Taken { kind, owner } => ReservationState::Taken { kind: *kind, owner: *owner },
        ReservationEvent::Released { owner: _ } => ReservationState::Free,
    }
}
