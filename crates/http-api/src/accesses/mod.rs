//! Access of users to applications (J5).

pub mod ask;
pub mod decide;
pub mod list;
pub mod pending;
pub mod show;

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};

/// Who decides.
const ADMINISTRATOR: [May; 1] = [Role::ApplicationAdministrator.of(Scope::Administered)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(
            routes!(list::accesses),
            [Role::OrganizationAdministrator.of(Scope::OwnOrganization), Role::ApplicationAdministrator.of(Scope::Administered)],
        )
        .add(
            routes!(ask::ask),
            [
                Role::OrganizationAdministrator.of(Scope::OwnOrganization),
                Role::ApplicationAdministrator.of(Scope::Administered),
                Role::User.of(Scope::OwnAccount),
            ],
        )
        .add(
            routes!(pending::requests),
            [Role::OrganizationAdministrator.of(Scope::OwnOrganization), Role::ApplicationAdministrator.of(Scope::Administered)],
        )
        .add(routes!(show::access), [Role::Service.of(Scope::Shown)])
        .add(routes!(decide::grant_access), ADMINISTRATOR)
        .add(routes!(decide::deny_access), ADMINISTRATOR)
        .add(routes!(decide::revoke_access), ADMINISTRATOR)
}
