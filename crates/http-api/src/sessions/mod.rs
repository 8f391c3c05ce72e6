//! One's own sessions: seen and ended.

pub mod end;
pub mod list;

use utoipa_axum::routes;

use crate::access::Endpoints;
use crate::sign_in::{STAFF, USER};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(list::list), [USER, STAFF])
        .add(routes!(end::one), [USER, STAFF])
        .add(routes!(end::others), [USER, STAFF])
}
