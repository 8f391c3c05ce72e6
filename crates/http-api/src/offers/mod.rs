//! Offers: invitations to organizations that are registered already, answered by their administrators.

pub mod accept;
pub mod decline;
pub mod list;

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};

/// Who answers offers.
const ADMINISTRATOR: [May; 1] = [Role::OrganizationAdministrator.of(Scope::OwnOrganization)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(list::list), ADMINISTRATOR)
        .add(routes!(accept::accept), ADMINISTRATOR)
        .add(routes!(decline::decline), ADMINISTRATOR)
}
