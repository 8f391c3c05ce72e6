//! People who were erased, and which services have acknowledged it (domain, "Facts worth keeping").

pub mod acknowledge;
pub mod certificate;
pub mod list;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(
            routes!(list::erasures),
            [Role::Auditor.of(Scope::Everything), Role::Administrator.of(Scope::Everything), Role::Service.of(Scope::Everything)],
        )
        .add(routes!(certificate::certificate), [Role::Auditor.of(Scope::Everything), Role::Administrator.of(Scope::Everything)])
        .add(routes!(acknowledge::acknowledge), [Role::Service.of(Scope::Everything)])
}
