//! Which events follow a command to a reservation.

use super::{ReservationCommand, ReservationEvent, ReservationKind, ReservationRejection, ReservationState};
use crate::Context;

/// Decides a command.
pub(super) fn decide(
    state: &ReservationState,
    command: ReservationCommand,
    _context: &Context,
) -> Result<Vec<ReservationEvent>, ReservationRejection> {
    match command {
        ReservationCommand::Reserve { kind, owner } => match state {
            ReservationState::Free => Ok(vec![ReservationEvent::Taken { kind, owner }]),
            ReservationState::Taken { kind: _, owner: by } if *by == owner => Ok(vec![]),
            ReservationState::Taken { kind, owner } => Err(ReservationRejection::Taken { kind: *kind, owner: *owner }),
        },
        ReservationCommand::Release { owner } => match state {
            ReservationState::Free => Ok(vec![]),
            ReservationState::Taken { kind: _, owner: by } if *by != owner => Ok(vec![]),
            ReservationState::Taken { kind, owner } => match kind {
                ReservationKind::RegisteredIdentifier | ReservationKind::OpenInvitation | ReservationKind::StaffIdentity => {
                    Ok(vec![ReservationEvent::Released { owner: *owner }])
                }
                // People remember and quote them: what once meant one must never mean another.
                ReservationKind::UserId | ReservationKind::CommandPerson | ReservationKind::ApplicationCode => {
                    Err(ReservationRejection::KeptForGood { kind: *kind })
                }
            },
        },
    }
}
