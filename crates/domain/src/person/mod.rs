//! The personal data of a person (architecture, rule 11).
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

/// The personal data of a person (architecture, rule 11).
#[derive(Debug, Clone, Copy)]
pub struct Person;

impl Aggregate for Person {
    type State = PersonState;
    type Command = PersonCommand;
    type Event = PersonEvent;
    type Rejection = PersonRejection;

    const CATEGORY: &'static str = "person";

    fn decide(state: &PersonState, command: PersonCommand, context: &Context) -> Result<Vec<PersonEvent>, PersonRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: PersonState, event: &PersonEvent) -> PersonState {
        evolve::evolve(state, event)
    }
}
