//! How the events of an application change it.

use super::{ApplicationEvent, ApplicationState, Published};

/// The state after an event.
pub(super) fn evolve(state: ApplicationState, event: &ApplicationEvent) -> ApplicationState {
    match (event, state) {
        (ApplicationEvent::Published { code, owner, details }, _) => {
            ApplicationState::Published(Published { code: code.clone(), owner: *owner, details: details.clone() })
        }
        (ApplicationEvent::Amended { .. } | ApplicationEvent::Retired { .. }, ApplicationState::NotPublished) => {
            ApplicationState::NotPublished
        }
        (ApplicationEvent::Amended { details }, ApplicationState::Published(published)) => {
            ApplicationState::Published(Published { details: details.clone(), ..published })
        }
        (ApplicationEvent::Amended { details }, ApplicationState::Retired(published)) => {
            ApplicationState::Retired(Published { details: details.clone(), ..published })
        }
        (ApplicationEvent::Retired { reason: _ }, ApplicationState::Published(published) | ApplicationState::Retired(published)) => {
            ApplicationState::Retired(published)
        }
    }
}
