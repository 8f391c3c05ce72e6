//! The subscription of an organization to an application (domain, part 6).
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

/// The subscription of an organization to an application (domain, part 6).
#[derive(Debug, Clone, Copy)]
pub struct Subscription;

impl Aggregate for Subscription {
    type State = SubscriptionState;
    type Command = SubscriptionCommand;
    type Event = SubscriptionEvent;
    type Rejection = SubscriptionRejection;

    const CATEGORY: &'static str = "subscription";

    fn decide(
        state: &SubscriptionState,
        command: SubscriptionCommand,
        context: &Context,
    ) -> Result<Vec<SubscriptionEvent>, SubscriptionRejection> {
        decide::decide(state, command, context)
    }

    fn evolve(state: SubscriptionState, event: &SubscriptionEvent) -> SubscriptionState {
        evolve::evolve(state, event)
    }
}
