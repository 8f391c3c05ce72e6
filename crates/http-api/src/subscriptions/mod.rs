//! Subscriptions of organizations to applications (J4).

pub mod ask;
pub mod decide;
pub mod list;
pub mod show;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(
            routes!(list::subscriptions),
            [Role::User.of(Scope::OwnOrganization), Role::Partner.of(Scope::Owned), Role::Administrator.of(Scope::Owned)],
        )
        .add(routes!(ask::subscribe), [Role::OrganizationAdministrator.of(Scope::OwnOrganization)])
        .add(routes!(show::subscription), [Role::Service.of(Scope::Shown)])
        .add(routes!(decide::approve_subscription), [Role::Partner.of(Scope::Owned), Role::Administrator.of(Scope::Owned)])
        .add(routes!(decide::deny_subscription), [Role::Partner.of(Scope::Owned), Role::Administrator.of(Scope::Owned)])
        .add(
            routes!(decide::end_subscription),
            [
                Role::OrganizationAdministrator.of(Scope::OwnOrganization),
                Role::Partner.of(Scope::Owned),
                Role::Administrator.of(Scope::Owned),
            ],
        )
}
