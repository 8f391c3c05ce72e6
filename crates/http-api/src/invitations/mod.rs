//! Invitations: how a partner, or the operator, invites companies.

pub mod create;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[(Method::POST, "/v1/invitations", &[Who::Partner, Who::Administrator])];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(create::create))
}
