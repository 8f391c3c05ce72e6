//! A mail that is owed for a cause (architecture, rule 8).
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

/// A mail that is owed for a cause (architecture, rule 8).
#[derive(Debug, Clone, Copy)]
pub struct Mail;

impl Aggregate for Mail {
    type State = MailState;
    type Command = MailCommand;
    type Event = MailEvent;
    type Rejection = MailRejection;

    const CATEGORY: &'static str = "mail";

    fn decide(state: &MailState, command: MailCommand, context: &Context) -> Result<Vec<MailEvent>, MailRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: MailState, event: &MailEvent) -> MailState {
        evolve::evolve(state, event)
    }
}
