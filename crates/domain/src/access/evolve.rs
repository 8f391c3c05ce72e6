//! How the events of access change it.

use super::{AccessEvent, AccessState, Accessor};

/// The state after an event. Each event says whose access to what it is about.
pub(super) fn evolve(_state: AccessState, event: &AccessEvent) -> AccessState {
    match event {
        AccessEvent::Requested { user, organization, application, .. } => {
            AccessState::Requested(Accessor { user: *user, organization: *organization, application: *application })
        }
        AccessEvent::Granted { user, organization, application, .. } => {
            AccessState::Granted(Accessor { user: *user, organization: *organization, application: *application })
        }
        AccessEvent::Denied { user, organization, application, .. } => {
            AccessState::Denied(Accessor { user: *user, organization: *organization, application: *application })
        }
        AccessEvent::Revoked { user, organization, application, .. } => {
            AccessState::Revoked(Accessor { user: *user, organization: *organization, application: *application })
        }
    }
}
