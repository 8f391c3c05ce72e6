//! A credential of a user beyond the password (domain, part 8).
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

/// A credential of a user beyond the password (domain, part 8).
#[derive(Debug, Clone, Copy)]
pub struct Credential;

impl Aggregate for Credential {
    type State = CredentialState;
    type Command = CredentialCommand;
    type Event = CredentialEvent;
    type Rejection = CredentialRejection;

    const CATEGORY: &'static str = "credential";

    fn decide(state: &CredentialState, command: CredentialCommand, context: &Context) -> Result<Vec<CredentialEvent>, CredentialRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: CredentialState, event: &CredentialEvent) -> CredentialState {
        evolve::evolve(state, event)
    }
}
