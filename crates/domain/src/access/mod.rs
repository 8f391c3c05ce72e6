//! The access of a user to an application (domain, part 7).
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

/// The access of a user to an application (domain, part 7).
#[derive(Debug, Clone, Copy)]
pub struct Access;

impl Aggregate for Access {
    type State = AccessState;
    type Command = AccessCommand;
    type Event = AccessEvent;
    type Rejection = AccessRejection;

    const CATEGORY: &'static str = "access";

    fn decide(state: &AccessState, command: AccessCommand, context: &Context) -> Result<Vec<AccessEvent>, AccessRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: AccessState, event: &AccessEvent) -> AccessState {
        evolve::evolve(state, event)
    }
}
