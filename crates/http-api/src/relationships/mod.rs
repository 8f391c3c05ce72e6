//! Relationships of organizations with partners. They belong to the partner.

pub mod end;
pub mod list;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/relationships", &[Who::Partner, Who::User]),
    (Method::POST, "/v1/relationships/{organization}/end", &[Who::Partner]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list::relationships)).routes(routes!(end::end_relationship))
}
