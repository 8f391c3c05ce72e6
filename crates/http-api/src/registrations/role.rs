//! What an administrator-to-be shall be: the role that they are to hold as a user.

use domain::ApplicationId;
use domain::registration::AdministratorRole;

use crate::fields::HeldRole;
use crate::problem::Problem;

/// Reads a role from an address: `organization-administrator`, or the id of the application.
pub(super) fn from_address(text: &str) -> Result<HeldRole, Problem> {
    if text == "organization-administrator" {
        return Ok(HeldRole::OrganizationAdministrator {});
    }
    match text.parse() {
        Ok(application) => Ok(HeldRole::ApplicationAdministrator { application }),
        Err(_) => Err(Problem::malformed("path", "the role must be organization-administrator or the id of an application")),
    }
}

impl From<HeldRole> for AdministratorRole {
    fn from(role: HeldRole) -> Self {
        match role {
            HeldRole::OrganizationAdministrator {} => Self::OrganizationAdministrator,
            HeldRole::ApplicationAdministrator { application } => Self::ApplicationAdministrator(ApplicationId(application)),
        }
    }
}

impl From<AdministratorRole> for HeldRole {
    fn from(role: AdministratorRole) -> Self {
        match role {
            AdministratorRole::OrganizationAdministrator => Self::OrganizationAdministrator {},
            AdministratorRole::ApplicationAdministrator(application) => Self::ApplicationAdministrator { application: application.0 },
        }
    }
}
