//! How the events of a subscription change it.

use super::{Subscribed, SubscriptionEvent, SubscriptionState};

/// The state after an event.
pub(super) fn evolve(state: SubscriptionState, event: &SubscriptionEvent) -> SubscriptionState {
    match event {
        SubscriptionEvent::Requested { organization, application, origin } => {
            SubscriptionState::Requested(Subscribed { organization: *organization, application: *application, origin: *origin })
        }
        SubscriptionEvent::Activated { organization, application, origin } => {
            SubscriptionState::Active(Subscribed { organization: *organization, application: *application, origin: *origin })
        }
        SubscriptionEvent::Denied { .. } => after(state, SubscriptionState::Denied),
        SubscriptionEvent::Ended { .. } => after(state, SubscriptionState::Ended),
    }
}

fn after(state: SubscriptionState, next: fn(Subscribed) -> SubscriptionState) -> SubscriptionState {
    match state {
        SubscriptionState::NotRequested => SubscriptionState::NotRequested,
        SubscriptionState::Requested(subscribed)
        | SubscriptionState::Active(subscribed)
        | SubscriptionState::Denied(subscribed)
        | SubscriptionState::Ended(subscribed) => next(subscribed),
    }
}
