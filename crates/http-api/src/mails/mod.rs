//! The outbox: which mails were owed, and what became of each.

pub mod list;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[(Method::GET, "/v1/mails", &[Who::Administrator, Who::Auditor])];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list::mails))
}
