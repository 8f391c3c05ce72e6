//! Relationships of organizations with partners. They belong to the partner.

pub mod end;
pub mod list;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(list::relationships), [Role::Partner.of(Scope::Owned), Role::OrganizationAdministrator.of(Scope::OwnOrganization)])
        .add(routes!(end::end_relationship), [Role::Partner.of(Scope::Owned)])
}
