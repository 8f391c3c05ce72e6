//! Offers: invitations to organizations that are registered already, answered by their administrators.

pub mod accept;
pub mod decline;
pub mod list;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. That the user administers the organization, each endpoint looks at.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/offers", &[Who::User]),
    (Method::POST, "/v1/offers/{id}/accept", &[Who::User]),
    (Method::POST, "/v1/offers/{id}/decline", &[Who::User]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(accept::accept)).routes(routes!(decline::decline))
}
