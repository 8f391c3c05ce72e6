//! Personal data of people, and their right to be forgotten.

pub mod forget;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[(Method::POST, "/v1/persons/{id}/forget", &[Who::Administrator])];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(forget::forget))
}
