//! The relationship of an organization with a partner, which belongs to the partner (domain, "The parts").
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

/// The relationship of an organization with a partner, which belongs to the partner (domain, "The parts").
#[derive(Debug, Clone, Copy)]
pub struct Relationship;

impl Aggregate for Relationship {
    type State = RelationshipState;
    type Command = RelationshipCommand;
    type Event = RelationshipEvent;
    type Rejection = RelationshipRejection;

    const CATEGORY: &'static str = "relationship";

    fn decide(
        state: &RelationshipState,
        command: RelationshipCommand,
        context: &Context,
    ) -> Result<Vec<RelationshipEvent>, RelationshipRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: RelationshipState, event: &RelationshipEvent) -> RelationshipState {
        evolve::evolve(state, event)
    }
}
