//! Organizations: seen by their own users and by staff, amended by their administrators.

pub mod amend;
pub mod amendment;
pub mod decide;
pub mod list;
pub mod show;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. A user sees their own organization only.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/organizations", &[Who::Reviewer, Who::ReviewLead, Who::Auditor, Who::Administrator]),
    (Method::GET, "/v1/organizations/{id}", &[Who::User, Who::Reviewer, Who::ReviewLead, Who::Auditor, Who::Administrator, Who::Service]),
    (Method::PUT, "/v1/organizations/{id}/profile", &[Who::User]),
    (Method::POST, "/v1/organizations/{id}/amendment/approve", &[Who::Reviewer]),
    (Method::POST, "/v1/organizations/{id}/amendment/refuse", &[Who::Reviewer]),
    (Method::POST, "/v1/organizations/{id}/suspend", &[Who::Administrator]),
    (Method::POST, "/v1/organizations/{id}/reinstate", &[Who::Administrator]),
    (Method::POST, "/v1/organizations/{id}/close", &[Who::Administrator]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::organizations))
        .routes(routes!(show::organization))
        .routes(routes!(amend::amend_profile))
        .routes(routes!(amendment::approve_amendment))
        .routes(routes!(amendment::refuse_amendment))
        .routes(routes!(decide::suspend_organization))
        .routes(routes!(decide::reinstate_organization))
        .routes(routes!(decide::close_organization))
}
