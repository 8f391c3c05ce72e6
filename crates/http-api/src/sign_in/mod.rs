//! Signing in and out.

pub mod begin;
pub mod end;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] =
    &[(Method::POST, "/v1/sign-in", &[Who::Anyone]), (Method::POST, "/v1/sign-out", &[Who::User, Who::NewUser])];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(begin::begin)).routes(routes!(end::end))
}
