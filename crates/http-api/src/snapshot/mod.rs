//! What is so at a position: where a consumer begins that does not read all events from the first on (domain, J10).

pub mod fetch;
mod spool;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default().add(routes!(fetch::snapshot), [Role::Service.of(Scope::Shown)])
}
