//! What the events of a reservation fold to.

use uuid::Uuid;

use super::ReservationKind;

/// Whose a unique value is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReservationState {
    pub(super) held: Option<(ReservationKind, Uuid)>,
    pub(super) takings: u64,
}

impl ReservationState {
    /// Who has the value.
    #[must_use]
    pub fn owner(&self) -> Option<Uuid> {
        self.held.map(|(_, owner)| owner)
    }

    /// What kind of value it is, while somebody has it.
    #[must_use]
    pub fn kind(&self) -> Option<ReservationKind> {
        self.held.map(|(kind, _)| kind)
    }

    /// How often it has been taken, by whomever.
    #[must_use]
    pub fn takings(&self) -> u64 {
        self.takings
    }
}
