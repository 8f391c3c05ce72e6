//! What can be asked of a reservation.

use uuid::Uuid;

use super::events::ReservationKind;

/// What can be asked of a reservation.
#[derive(Debug, Clone)]
pub enum ReservationCommand {
    /// Takes the value for an owner; nothing if it is theirs already.
    Reserve {
        /// What kind of value it is.
        kind: ReservationKind,
        /// For whom.
        owner: Uuid,
    },
    /// Frees the value; nothing if it is not theirs.
    Release {
        /// Who had it.
        owner: Uuid,
    },
}
