//! First-time login (J2): one-time password, password, profile, terms. The server keeps the step, so that a login that was
//! interrupted goes on where it stopped.

pub mod password;
pub mod profile;
pub mod step;
pub mod terms;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(step::step), [Role::NewUser.of(Scope::OwnAccount), Role::User.of(Scope::OwnAccount)])
        .add(routes!(password::set_password), [Role::NewUser.of(Scope::OwnAccount)])
        .add(routes!(profile::profile), [Role::NewUser.of(Scope::OwnAccount), Role::User.of(Scope::OwnAccount)])
        .add(routes!(profile::confirm_profile), [Role::NewUser.of(Scope::OwnAccount), Role::User.of(Scope::OwnAccount)])
        .add(routes!(terms::terms), [Role::NewUser.of(Scope::OwnAccount), Role::User.of(Scope::OwnAccount)])
        .add(routes!(terms::accept_terms), [Role::NewUser.of(Scope::OwnAccount), Role::User.of(Scope::OwnAccount)])
}
