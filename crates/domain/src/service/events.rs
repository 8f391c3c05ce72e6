//! What can happen to a downstream service.

use serde::{Deserialize, Serialize};

use crate::{ApplicationId, Reason, ServiceName};

/// What can happen to a downstream service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum ServiceEvent {
    /// The operator lets a service consume events.
    #[serde(rename = "service.registered.v1")]
    Registered {
        /// Its name, unique for good.
        name: ServiceName,
        /// What it is shown.
        sees: Sees,
    },
    /// It is shown more or less from now on.
    #[serde(rename = "service.scope_changed.v1")]
    ScopeChanged {
        /// What it is shown.
        sees: Sees,
    },
    /// It consumes events no longer.
    #[serde(rename = "service.retired.v1")]
    Retired {
        /// Why.
        reason: Reason,
    },
}

/// What a downstream service is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sees {
    /// Everything that is public.
    Everything,
    /// What is about one of these applications, and who was erased. At least one, in the order of their ids, each once.
    Applications(Vec<ApplicationId>),
}

impl Sees {
    /// Whether this application is among what it is shown.
    #[must_use]
    pub fn application(&self, application: ApplicationId) -> bool {
        match self {
            Self::Everything => true,
            Self::Applications(applications) => applications.contains(&application),
        }
    }
}
