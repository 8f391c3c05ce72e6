//! Organizations.

use serde::{Deserialize, Serialize};

use crate::event::About;
use crate::{OrganizationId, RegistrationId};

/// An organization is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrganizationApproved {
    /// Which organization.
    pub organization: OrganizationId,
    /// By which registration.
    pub registration: RegistrationId,
}

/// An organization is from now on what the type of the event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrganizationChanged {
    /// Which organization.
    pub organization: OrganizationId,
}

impl About for OrganizationApproved {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for OrganizationChanged {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}
