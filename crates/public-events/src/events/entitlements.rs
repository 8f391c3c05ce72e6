//! Who may reach what.

use serde::{Deserialize, Serialize};

use crate::event::About;
use crate::{ApplicationId, OrganizationId, PersonId};

/// A subscription of an organization to an application is from now on what the type of the event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscription {
    /// Which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
}

/// Access of a user to an application is from now on what the type of the event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Access {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
}

/// The relationship of an organization with a partner is from now on what the type of the event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Relationship {
    /// Which organization.
    pub organization: OrganizationId,
    /// With which partner.
    pub partner: OrganizationId,
}

impl About for Subscription {
    fn application(&self) -> Option<ApplicationId> {
        Some(self.application)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for Access {
    fn application(&self) -> Option<ApplicationId> {
        Some(self.application)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for Relationship {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}
