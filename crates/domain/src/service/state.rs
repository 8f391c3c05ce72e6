//! What the events of a downstream service fold to.

use super::Sees;
use crate::ServiceName;

/// Where a downstream service stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ServiceState {
    /// There is none.
    #[default]
    NotRegistered,
    /// It consumes events.
    Registered(Registered),
    /// It did.
    Retired(Registered),
}

/// A registered service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its name.
    pub name: ServiceName,
    /// What it is shown.
    pub sees: Sees,
}

impl ServiceState {
    /// The service, as long as it may consume events.
    #[must_use]
    pub fn registered(&self) -> Option<&Registered> {
        match self {
            Self::Registered(registered) => Some(registered),
            Self::NotRegistered | Self::Retired(_) => None,
        }
    }
}
