//! The account of the user who is signed in.

pub mod home;
pub mod me;
pub mod password;

use utoipa_axum::routes;

use crate::access::Endpoints;
use crate::limits::Limit;
use crate::sign_in::{NEW_USER, STAFF, USER};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(me::me), [USER, NEW_USER])
        .limited(routes!(password::change_password), [USER, STAFF], [Limit::CredentialChangesPerActor])
        .add(routes!(home::home), [USER])
}
