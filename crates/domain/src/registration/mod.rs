//! The registration of a company: from the first step to the decision (domain, part 3).
//!
//! See `events` for what can happen, `commands` for what can be asked, `state` and `dossier` for what the events fold to.

mod commands;
mod decide;
mod dossier;
mod error;
mod events;
mod evolve;
mod separation;
mod state;

pub use commands::*;
pub use dossier::{Dossier, Nominee, Section, Step};
pub use error::RegistrationRejection;
pub use events::*;
pub(crate) use separation::About;
pub use separation::{Tie, same_company, same_identifier, same_mailbox};
pub use state::{Case, Claim, Notice, Proposal, RegistrationState, Review, Stage};

use crate::{Aggregate, Context};

/// How many applications a registration can ask for.
pub const MOST_APPLICATIONS: usize = 50;

/// How many administrators a registrant can name.
pub const MOST_NOMINEES: usize = 50;

/// How many questions a reviewer can ask at a time.
pub const MOST_QUESTIONS: usize = 30;

/// How long the questions can be in all, in bytes: the record of an event holds at most 65,535.
pub const MOST_QUESTION_BYTES: usize = 30_000;

/// The registration of a company.
#[derive(Debug)]
pub struct Registration;

impl Aggregate for Registration {
    type State = RegistrationState;
    type Command = RegistrationCommand;
    type Event = RegistrationEvent;
    type Rejection = RegistrationRejection;

    const CATEGORY: &'static str = "registration";

    fn decide(
        state: &RegistrationState,
        command: RegistrationCommand,
        context: &Context,
    ) -> Result<Vec<RegistrationEvent>, RegistrationRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: RegistrationState, event: &RegistrationEvent) -> RegistrationState {
        evolve::evolve(state, event)
    }
}
