//! Signing in and out.

pub mod begin;
pub mod end;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(begin::begin), [Role::Anyone.of(Scope::Everything)])
        .add(routes!(end::end), [Role::User.of(Scope::OwnAccount), Role::NewUser.of(Scope::OwnAccount)])
}
