//! Personal data of people, and their right to be forgotten.

pub mod forget;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default().add(routes!(forget::forget), [Role::Administrator.of(Scope::Everything)])
}
