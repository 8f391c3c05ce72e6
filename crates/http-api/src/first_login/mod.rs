//! First-time login (J2): one-time password, password, profile, terms. The server keeps the step, so that a login that was
//! interrupted goes on where it stopped.

pub mod password;
pub mod profile;
pub mod step;
pub mod terms;

use utoipa_axum::routes;

use crate::access::Endpoints;
use crate::sign_in::{NEW_STAFF, NEW_USER, STAFF, UNPROVED, USER};

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(step::step), [UNPROVED, NEW_USER, USER, NEW_STAFF, STAFF])
        .add(routes!(password::set_password), [NEW_USER, NEW_STAFF])
        .add(routes!(profile::profile), [NEW_USER, USER])
        .add(routes!(profile::confirm_profile), [NEW_USER, USER])
        .add(routes!(terms::terms), [NEW_USER, USER])
        .add(routes!(terms::accept_terms), [NEW_USER, USER])
}
