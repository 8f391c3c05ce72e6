//! Users of organizations.

use serde::{Deserialize, Serialize};

use crate::event::About;
use crate::{ApplicationId, OrganizationId, PersonId};

/// An account was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserCreated {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// The roles that the user has from the start.
    pub roles: Vec<AssignedRole>,
}

/// A role that a user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct AssignedRole {
    /// Which role.
    pub role: Role,
    /// For which application, if the role is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
}

/// A user is from now on what the type of the event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChanged {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
}

/// A role was given or taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserRole {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// Which role.
    pub role: Role,
    /// For which application, if the role is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationId>,
}

/// A role within an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Creates and manages the users of the organization.
    OrganizationAdministrator,
    /// Grants access to an application.
    ApplicationAdministrator,
    /// A value that this version of the language does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// A person was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PersonErased {
    /// Who was a user under this id.
    pub person: PersonId,
    /// Of which organization they were a user.
    pub organization: OrganizationId,
}

impl About for UserCreated {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for UserChanged {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for UserRole {
    fn application(&self) -> Option<ApplicationId> {
        self.application
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for PersonErased {
    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}
