//! What the events of a reservation fold to.

use uuid::Uuid;

use super::ReservationKind;

/// Whose a unique value is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReservationState {
    /// Nobody's.
    #[default]
    Free,
    /// This owner's.
    Taken {
        /// What kind of value it is.
        kind: ReservationKind,
        /// Who has it.
        owner: Uuid,
    },
}

impl ReservationState {
    /// Who has the value.
    #[must_use]
    pub fn owner(&self) -> Option<Uuid> {
        match self {
            Self::Free => None,
            Self::Taken { kind: _, owner } => Some(*owner),
        }
    }
}
