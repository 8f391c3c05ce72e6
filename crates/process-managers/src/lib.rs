//! Events to commands (architecture, rule 9): what spans several aggregates, and what only time brings about.
//!
//! Each process manager is a consumer of the log with a durable place of its own. The commands that follow from an event bear
//! ids that derive from the event's, so that a manager that is killed anywhere and begins again ends in the same state.
//!
//! - [`Onboarding`]: an approval takes effect: organization, administrators, subscriptions, relationship.
//! - [`Offers`]: an invitation turns into, or is answered as, an offer to a registered organization.
//! - [`Reservations`]: an invitation that is answered or over gives back its company's name; an approval that is undone, or never came
//!   to be, its identifiers; somebody on the staff who is unlinked, who they were at the identity provider.
//! - [`Administrators`]: an administrator's account is established, a user is given the role, or loses it.
//! - [`Relationships`]: an organization subscribes to a partner's application.
//! - [`Forgetting`]: a person is to be forgotten: the account is closed, the key destroyed.
//! - [`Endings`]: what ends with an organization, a subscription, an account, a membership of the staff, or a person who is to be forgotten.
//! - [`SecondFactors`]: an application that needs a second factor is opened to a user, or not any more; a second factor is taken away.
//! - [`Calendars`]: a change of the business calendar moves open cases.
//! - [`Clockwork`]: what is due is asked to let time pass.
//!
//! A manager keeps no state of its own: it asks the aggregates that the event names. Where it must find others (the users of an
//! organization, the cases under review) it reads the read models `directory`, `entitlements` and `deadlines`, at the event's
//! position or later ([`Lists`]), rather than keep such lists a second time.

mod administrators;
mod calendars;
mod clockwork;
mod endings;
mod forgetting;
mod lists;
mod offers;
mod onboarding;
mod outcome;
mod relationships;
mod reservations;
mod second_factors;

pub use administrators::Administrators;
pub use calendars::Calendars;
pub use clockwork::Clockwork;
pub use endings::Endings;
pub use forgetting::Forgetting;
pub use lists::Lists;
pub use offers::Offers;
pub use onboarding::Onboarding;
pub use relationships::Relationships;
pub use reservations::Reservations;
pub use second_factors::SecondFactors;

use std::sync::Arc;

use command_handlers::CommandHandlers;
use command_handlers::workflows::Workflows;
use domain::ApplicationId;
use domain::application::{Application, ApplicationState};
use projection_runtime::{Consumer, ConsumerError};

/// What process managers work with.
#[derive(Clone)]
pub struct Desk {
    /// Decides commands.
    pub handlers: Arc<CommandHandlers>,
    /// What takes several commands.
    pub workflows: Workflows,
}

impl Desk {
    /// Whether an application takes no new subscriptions any more.
    pub(crate) async fn is_retired(&self, application: ApplicationId) -> Result<bool, ConsumerError> {
        let is_retired = |state: &ApplicationState| state.published().is_some() && state.in_catalogue().is_none();
        let seen = self.handlers.inspect::<Application, _>(application.0, |state, _| is_retired(state)).await;
        Ok(seen.map_err(|error| ConsumerError::Later(error.to_string()))? == Some(true))
    }
}

/// The process managers that follow the log and need no read model.
#[must_use]
pub fn all(desk: &Desk) -> Vec<Arc<dyn Consumer>> {
    vec![
        Arc::new(Onboarding(desk.clone())),
        Arc::new(Offers(desk.clone())),
        Arc::new(Reservations(desk.clone())),
        Arc::new(Administrators(desk.clone())),
        Arc::new(Forgetting(desk.clone())),
        Arc::new(Relationships(desk.clone())),
    ]
}

/// The process managers that follow the log and find other aggregates in read models.
#[must_use]
pub fn all_with_lists(desk: &Desk, lists: &Lists) -> Vec<Arc<dyn Consumer>> {
    vec![
        Arc::new(Endings::new(desk.clone(), lists.clone())),
        Arc::new(Calendars::new(desk.clone(), lists.clone())),
        Arc::new(SecondFactors::new(desk.clone(), lists.clone())),
    ]
}
