//! The reservation of a unique value (architecture, rule 10).
//! See `events` for what can happen and `commands` for what can be asked.

mod commands;
mod decide;
mod error;
mod events;
mod evolve;
mod state;

pub use commands::*;
pub use error::*;
pub use events::*;
pub use state::*;

use crate::{Aggregate, Context};

/// The reservation of a unique value (architecture, rule 10).
#[derive(Debug, Clone, Copy)]
pub struct Reservation;

impl Aggregate for Reservation {
    type State = ReservationState;
    type Command = ReservationCommand;
    type Event = ReservationEvent;
    type Rejection = ReservationRejection;

    const CATEGORY: &'static str = "reservation";

    fn decide(
        state: &ReservationState,
        command: ReservationCommand,
        context: &Context,
    ) -> Result<Vec<ReservationEvent>, ReservationRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: ReservationState, event: &ReservationEvent) -> ReservationState {
        evolve::evolve(state, event)
    }
}
