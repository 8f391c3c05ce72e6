//! Access of users to applications (J5).

pub mod ask;
pub mod decide;
pub mod list;
pub mod pending;
pub mod show;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. Whether the user administers the application, each endpoint looks.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/accesses", &[Who::User]),
    (Method::POST, "/v1/accesses", &[Who::User]),
    (Method::GET, "/v1/accesses/requests", &[Who::User]),
    (Method::GET, "/v1/accesses/{id}", &[Who::Service]),
    (Method::POST, "/v1/accesses/{id}/grant", &[Who::User]),
    (Method::POST, "/v1/accesses/{id}/deny", &[Who::User]),
    (Method::POST, "/v1/accesses/{id}/revoke", &[Who::User]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::accesses, ask::ask))
        .routes(routes!(pending::requests))
        .routes(routes!(show::access))
        .routes(routes!(decide::grant_access))
        .routes(routes!(decide::deny_access))
        .routes(routes!(decide::revoke_access))
}
