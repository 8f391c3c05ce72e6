//! What is so at a position: where a consumer begins that does not read all events from the first on (domain, J10).

pub mod fetch;
mod spool;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[(Method::GET, "/v1/snapshot", &[Who::Service])];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(fetch::snapshot))
}
