//! What can be asked of a downstream service.

use super::Sees;
use crate::{Reason, ServiceName};

/// What can be asked of a downstream service.
#[derive(Debug, Clone)]
pub enum ServiceCommand {
    /// Lets a service consume events.
    RegisterService {
        /// Its name, from which its id derives: [`ServiceId::of`](crate::ServiceId::of).
        name: ServiceName,
        /// What it is shown.
        sees: Sees,
    },
    /// Shows it more or less. What is already so yields nothing.
    ChangeScope {
        /// What it is shown from now on.
        sees: Sees,
    },
    /// Ends it: its tokens stop working, and its name is never given again.
    RetireService {
        /// Why.
        reason: Reason,
    },
}
