//! What can be asked of a reservation.

use uuid::Uuid;

use super::events::ReservationKind;

/// What can be asked of a reservation.
#[derive(Debug, Clone)]
pub enum ReservationCommand {
    /// Takes the value for an owner. If it is theirs already, a value that can be given back is taken once more, so that whoever was
    /// about to give it back on what was so before comes too late.
    Reserve {
        /// What kind of value it is.
        kind: ReservationKind,
        /// For whom.
        owner: Uuid,
    },
    /// Frees the value; nothing if it is not theirs, or was taken since.
    Release {
        /// Who had it.
        owner: Uuid,
        /// Only if it has not been taken since: how often it had been taken when it was seen that the owner does not need it any more
        /// ([`ReservationState::takings`](super::ReservationState::takings)). None: whatever came since.
        seen: Option<u64>,
    },
}
