//! A member of the operator's staff (domain, "Who acts").
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

/// A member of the operator's staff (domain, "Who acts").
#[derive(Debug, Clone, Copy)]
pub struct Staff;

impl Aggregate for Staff {
    type State = StaffState;
    type Command = StaffCommand;
    type Event = StaffEvent;
    type Rejection = StaffRejection;

    const CATEGORY: &'static str = "staff";

    fn decide(state: &StaffState, command: StaffCommand, context: &Context) -> Result<Vec<StaffEvent>, StaffRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: StaffState, event: &StaffEvent) -> StaffState {
        evolve::evolve(state, event)
    }
}
