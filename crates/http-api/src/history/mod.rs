//! Who did what, when, why and from where (J9).

pub mod changes;
pub mod lines;
pub mod state;
mod subject;

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};

/// Who reads history.
const READERS: [May; 2] = [Role::Auditor.of(Scope::Everything), Role::OrganizationAdministrator.of(Scope::OwnOrganization)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default().add(routes!(lines::history), READERS).add(routes!(state::state), READERS).add(routes!(changes::changes), READERS)
}
