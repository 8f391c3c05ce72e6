//! Which events follow a command to a reservation.

use super::{ReservationCommand, ReservationEvent, ReservationRejection, ReservationState};
use crate::Context;

/// Decides a command.
pub(super) fn decide(
    state: &ReservationState,
    command: ReservationCommand,
    _context: &Context,
) -> Result<Vec<ReservationEvent>, ReservationRejection> {
    match command {
        ReservationCommand::Reserve { kind, owner } => match state.held {
            Some((held, by)) if by != owner => Err(ReservationRejection::Taken { kind: held, owner: by }),
            Some((held, _)) if !held.is_given_back() => Ok(vec![]),
            Some(_) | None => Ok(vec![ReservationEvent::Taken { kind, owner }]),
        },
        ReservationCommand::Release { owner, seen } => match state.held {
            Some((kind, by)) if by == owner && seen.is_none_or(|seen| seen == state.takings) => {
                if kind.is_given_back() {
                    Ok(vec![ReservationEvent::Released { owner }])
                } else {
                    Err(ReservationRejection::KeptForGood { kind })
                }
            }
            Some(_) | None => Ok(vec![]),
        },
    }
}
