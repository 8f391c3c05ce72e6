//! The account of the user who is signed in.

pub mod home;
pub mod me;
pub mod password;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/me", &[Who::User, Who::NewUser]),
    (Method::POST, "/v1/me/password", &[Who::User]),
    (Method::GET, "/v1/home", &[Who::User]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(me::me)).routes(routes!(password::change_password)).routes(routes!(home::home))
}
