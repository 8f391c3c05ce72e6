//! An application of the catalogue (domain, part 1).
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

/// An application of the catalogue (domain, part 1).
#[derive(Debug, Clone, Copy)]
pub struct Application;

impl Aggregate for Application {
    type State = ApplicationState;
    type Command = ApplicationCommand;
    type Event = ApplicationEvent;
    type Rejection = ApplicationRejection;

    const CATEGORY: &'static str = "application";

    fn decide(
        state: &ApplicationState,
        command: ApplicationCommand,
        context: &Context,
    ) -> Result<Vec<ApplicationEvent>, ApplicationRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: ApplicationState, event: &ApplicationEvent) -> ApplicationState {
        evolve::evolve(state, event)
    }
}
