//! The account of the user who is signed in.

pub mod home;
pub mod me;
pub mod password;

use utoipa_axum::routes;

use crate::access::{Endpoints, Role, Scope};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(me::me), [Role::User.of(Scope::OwnAccount), Role::NewUser.of(Scope::OwnAccount)])
        .add(routes!(password::change_password), [Role::User.of(Scope::OwnAccount)])
        .add(routes!(home::home), [Role::User.of(Scope::OwnAccount)])
}
