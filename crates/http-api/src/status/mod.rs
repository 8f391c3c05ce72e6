//! Where a case stands, for whoever knows its number.

pub mod show;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};
use crate::limits::Limit;

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default().limited(routes!(show::show), [Role::Anyone.of(Scope::Everything)], [Limit::StatusPerNetwork])
}
