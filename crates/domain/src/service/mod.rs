//! A downstream service: who consumes published events (domain, "Who acts", J10).
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

/// A downstream service: who consumes published events (domain, "Who acts", J10).
#[derive(Debug, Clone, Copy)]
pub struct Service;

impl Aggregate for Service {
    type State = ServiceState;
    type Command = ServiceCommand;
    type Event = ServiceEvent;
    type Rejection = ServiceRejection;

    const CATEGORY: &'static str = "service";

    fn decide(state: &ServiceState, command: ServiceCommand, context: &Context) -> Result<Vec<ServiceEvent>, ServiceRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: ServiceState, event: &ServiceEvent) -> ServiceState {
        evolve::evolve(state, event)
    }
}
