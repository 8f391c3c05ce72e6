//! Values that must be unique, taken together with the command that needs them.

use domain::ReservationId;
use domain::reservation::{ReservationCommand, ReservationKind};
use uuid::Uuid;

/// A value to be taken for an owner (architecture, rule 10).
#[derive(Debug, Clone, Copy)]
pub struct Reserve {
    /// Names the value: an HMAC of it.
    pub id: ReservationId,
    /// What kind of value it is.
    pub kind: ReservationKind,
    /// For whom.
    pub owner: Uuid,
}

impl Reserve {
    pub(crate) fn command(self) -> ReservationCommand {
        ReservationCommand::Reserve { kind: self.kind, owner: self.owner }
    }

    pub(crate) fn release(self) -> ReservationCommand {
        ReservationCommand::Release { owner: self.owner }
    }
}
