//! People who were erased, and which services have acknowledged it (domain, "Facts worth keeping").

pub mod acknowledge;
pub mod list;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/erasures", &[Who::Auditor, Who::Administrator, Who::Service]),
    (Method::POST, "/v1/erasures/{person}/acknowledge", &[Who::Service]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list::erasures)).routes(routes!(acknowledge::acknowledge))
}
