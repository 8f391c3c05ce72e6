//! An invitation of a company by a partner (domain, part 2).
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

/// An invitation of a company by a partner (domain, part 2).
#[derive(Debug, Clone, Copy)]
pub struct Invitation;

impl Aggregate for Invitation {
    type State = InvitationState;
    type Command = InvitationCommand;
    type Event = InvitationEvent;
    type Rejection = InvitationRejection;

    const CATEGORY: &'static str = "invitation";

    fn decide(state: &InvitationState, command: InvitationCommand, context: &Context) -> Result<Vec<InvitationEvent>, InvitationRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: InvitationState, event: &InvitationEvent) -> InvitationState {
        evolve::evolve(state, event)
    }
}
