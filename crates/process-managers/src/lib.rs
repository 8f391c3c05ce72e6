//! Events to commands (architecture, rule 9): what spans several aggregates, and what only time brings about.
//!
//! Each process manager is a consumer of the log with a durable place of its own. The commands that follow from an event bear
//! ids that derive from the event's, so that a manager that is killed anywhere and begins again ends in the same state.
//!
//! - [`Onboarding`]: an approval takes effect: organization, administrators, subscriptions, relationship.
//! - [`Offers`]: an invitation turns into, or is answered as, an offer to a registered organization.
//! - [`Reservations`]: an invitation that is answered or over gives back its company's name; an approval that is undone its identifiers.
//! - [`Administrators`]: an administrator's account is established, or a user is given the role.
//! - [`Forgetting`]: a person is to be forgotten: the key is destroyed.
//! - [`Clockwork`]: what is due is asked to let time pass.

mod administrators;
mod clockwork;
mod forgetting;
mod offers;
mod onboarding;
mod outcome;
mod reservations;

pub use administrators::Administrators;
pub use clockwork::Clockwork;
pub use forgetting::Forgetting;
pub use offers::Offers;
pub use onboarding::Onboarding;
pub use reservations::Reservations;

use std::sync::Arc;

use command_handlers::CommandHandlers;
use command_handlers::workflows::Workflows;
use projection_runtime::Consumer;

/// What process managers work with.
#[derive(Clone)]
pub struct Desk {
    /// Decides commands.
    pub handlers: Arc<CommandHandlers>,
    /// What takes several commands.
    pub workflows: Workflows,
}

/// All process managers that follow the log.
#[must_use]
pub fn all(desk: &Desk) -> Vec<Arc<dyn Consumer>> {
    vec![
        Arc::new(Onboarding(desk.clone())),
        Arc::new(Offers(desk.clone())),
        Arc::new(Reservations(desk.clone())),
        Arc::new(Administrators(desk.clone())),
        Arc::new(Forgetting(desk.clone())),
    ]
}
