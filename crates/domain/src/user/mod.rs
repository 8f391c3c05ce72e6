//! A user, from invitation or creation to closing (domain, part 5).
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

/// A user, from invitation or creation to closing (domain, part 5).
#[derive(Debug, Clone, Copy)]
pub struct User;

impl Aggregate for User {
    type State = UserState;
    type Command = UserCommand;
    type Event = UserEvent;
    type Rejection = UserRejection;

    const CATEGORY: &'static str = "user";

    fn decide(state: &UserState, command: UserCommand, context: &Context) -> Result<Vec<UserEvent>, UserRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: UserState, event: &UserEvent) -> UserState {
        evolve::evolve(state, event)
    }
}
