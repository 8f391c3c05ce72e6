//! The inventory of one-time-password tokens that were bought elsewhere: what the operator has of them, and whose each is.

pub mod import;
pub mod list;
pub mod release;
pub mod sheet;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::router::UtoipaMethodRouterExt;
use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};
use crate::upload::MAX_BYTES;

/// Who runs the service has the inventory.
const ADMINISTRATOR: [May; 1] = [Role::Administrator.of(Scope::Everything)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(import::import).layer(DefaultBodyLimit::max(MAX_BYTES)), ADMINISTRATOR)
        .add(routes!(list::list), ADMINISTRATOR)
        .add(routes!(release::release), ADMINISTRATOR)
}
