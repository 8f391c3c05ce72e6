//! What an administrator-to-be shall be, as requests and answers have it.

use domain::ApplicationId;
use domain::registration::AdministratorRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;

/// What an administrator-to-be shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Role {
    /// Administrator of the organization.
    OrganizationAdministrator {},
    /// Administrator of one application.
    ApplicationAdministrator {
        /// Which one.
        application: Uuid,
    },
}

impl Role {
    /// Reads a role from an address: `organization-administrator`, or the id of the application.
    pub(crate) fn from_address(text: &str) -> Result<Self, Problem> {
        if text == "organization-administrator" {
            return Ok(Self::OrganizationAdministrator {});
        }
        match text.parse() {
            Ok(application) => Ok(Self::ApplicationAdministrator { application }),
            Err(_) => Err(Problem::malformed("path", "the role must be organization-administrator or the id of an application")),
        }
    }
}

impl From<Role> for AdministratorRole {
    fn from(role: Role) -> Self {
        match role {
            Role::OrganizationAdministrator {} => Self::OrganizationAdministrator,
            Role::ApplicationAdministrator { application } => Self::ApplicationAdministrator(ApplicationId(application)),
        }
    }
}

impl From<AdministratorRole> for Role {
    fn from(role: AdministratorRole) -> Self {
        match role {
            AdministratorRole::OrganizationAdministrator => Self::OrganizationAdministrator {},
            AdministratorRole::ApplicationAdministrator(application) => Self::ApplicationAdministrator { application: application.0 },
        }
    }
}
