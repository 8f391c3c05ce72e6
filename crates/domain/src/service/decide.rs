//! Which events follow a command to a downstream service.

use super::{Sees, ServiceCommand, ServiceEvent, ServiceRejection, ServiceState};
use crate::{Context, ServiceName};

type Decision = Result<Vec<ServiceEvent>, ServiceRejection>;

/// Decides a command.
pub(super) fn decide(state: &ServiceState, command: ServiceCommand, _context: &Context) -> Decision {
    match command {
        ServiceCommand::RegisterService { name, sees } => register(state, name, sees),
        ServiceCommand::ChangeScope { sees } => match state {
            ServiceState::NotRegistered => Err(ServiceRejection::NotFound),
            ServiceState::Registered(service) => {
                let sees = in_order(sees)?;
                Ok(if service.sees == sees { vec![] } else { vec![ServiceEvent::ScopeChanged { sees }] })
            }
            ServiceState::Retired(_) => Err(ServiceRejection::Retired),
        },
        ServiceCommand::RetireService { reason } => match state {
            ServiceState::NotRegistered => Err(ServiceRejection::NotFound),
            ServiceState::Registered(_) => Ok(vec![ServiceEvent::Retired { reason }]),
            ServiceState::Retired(_) => Ok(vec![]),
        },
    }
}

fn register(state: &ServiceState, name: ServiceName, sees: Sees) -> Decision {
    let sees = in_order(sees)?;
    match state {
        ServiceState::NotRegistered => Ok(vec![ServiceEvent::Registered { name, sees }]),
        ServiceState::Registered(service) if service.name == name && service.sees == sees => Ok(vec![]),
        ServiceState::Registered(_) => Err(ServiceRejection::AlreadyRegistered),
        ServiceState::Retired(_) => Err(ServiceRejection::Retired),
    }
}

/// The same in the order of the ids, each once, so that two that mean the same are equal.
fn in_order(sees: Sees) -> Result<Sees, ServiceRejection> {
    match sees {
        Sees::Everything => Ok(Sees::Everything),
        Sees::Applications(mut applications) => {
            applications.sort_unstable();
            applications.dedup();
            if applications.is_empty() { Err(ServiceRejection::ApplicationRequired) } else { Ok(Sees::Applications(applications)) }
        }
    }
}
