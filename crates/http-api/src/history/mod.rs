//! Who did what, when, why and from where (J9).

pub mod changes;
pub mod lines;
pub mod state;
mod subject;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. An organization's administrator reads the organization's own history only.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/history/{subject}/{id}", &[Who::Auditor, Who::User]),
    (Method::GET, "/v1/history/{subject}/{id}/state", &[Who::Auditor, Who::User]),
    (Method::GET, "/v1/history/{subject}/{id}/changes", &[Who::Auditor, Who::User]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(lines::history)).routes(routes!(state::state)).routes(routes!(changes::changes))
}
