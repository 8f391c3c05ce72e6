//! First-time login (J2): one-time password, password, profile, terms. The server keeps the step, so that a login that was
//! interrupted goes on where it stopped.

pub mod password;
pub mod profile;
pub mod step;
pub mod terms;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. A user whose account is established can come back to it: to look at the profile, or to accept new terms.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/first-login", &[Who::NewUser, Who::User]),
    (Method::POST, "/v1/first-login/password", &[Who::NewUser]),
    (Method::GET, "/v1/first-login/profile", &[Who::NewUser, Who::User]),
    (Method::PUT, "/v1/first-login/profile", &[Who::NewUser, Who::User]),
    (Method::GET, "/v1/first-login/terms", &[Who::NewUser, Who::User]),
    (Method::POST, "/v1/first-login/terms", &[Who::NewUser, Who::User]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(step::step))
        .routes(routes!(password::set_password))
        .routes(routes!(profile::profile, profile::confirm_profile))
        .routes(routes!(terms::terms, terms::accept_terms))
}
