//! A registered organization (domain, part 4).
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

/// A registered organization (domain, part 4).
#[derive(Debug, Clone, Copy)]
pub struct Organization;

impl Aggregate for Organization {
    type State = OrganizationState;
    type Command = OrganizationCommand;
    type Event = OrganizationEvent;
    type Rejection = OrganizationRejection;

    const CATEGORY: &'static str = "organization";

    fn decide(
        state: &OrganizationState,
        command: OrganizationCommand,
        context: &Context,
    ) -> Result<Vec<OrganizationEvent>, OrganizationRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: OrganizationState, event: &OrganizationEvent) -> OrganizationState {
        evolve::evolve(state, event)
    }
}
