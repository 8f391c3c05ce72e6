//! Where a case stands, for whoever knows its number.

pub mod show;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default().add(routes!(show::show), [Role::Anyone.of(Scope::Everything)])
}
