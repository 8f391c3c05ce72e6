//! How the events of a downstream service change it.

use super::{Registered, ServiceEvent, ServiceState};

/// The state after an event.
pub(super) fn evolve(state: ServiceState, event: &ServiceEvent) -> ServiceState {
    match event {
        ServiceEvent::Registered { name, sees } => ServiceState::Registered(Registered { name: name.clone(), sees: sees.clone() }),
        ServiceEvent::ScopeChanged { sees } => match state {
            ServiceState::NotRegistered => ServiceState::NotRegistered,
            ServiceState::Registered(service) => ServiceState::Registered(Registered { sees: sees.clone(), ..service }),
            ServiceState::Retired(service) => ServiceState::Retired(Registered { sees: sees.clone(), ..service }),
        },
        ServiceEvent::Retired { reason: _ } => match state {
            ServiceState::NotRegistered => ServiceState::NotRegistered,
            ServiceState::Registered(service) | ServiceState::Retired(service) => ServiceState::Retired(service),
        },
    }
}
