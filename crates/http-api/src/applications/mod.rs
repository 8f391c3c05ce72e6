//! The application catalogue: seen by everybody as far as it is public, kept by the operator.

pub mod amend;
pub mod details;
pub mod list;
pub mod public;
pub mod publish;
pub mod retire;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Everybody who has to do with applications.
const READERS: &[Who] = &[Who::User, Who::Partner, Who::Reviewer, Who::ReviewLead, Who::Auditor, Who::Administrator, Who::Service];

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/public/applications", &[Who::Anyone]),
    (Method::GET, "/v1/public/applications/{slug}", &[Who::Anyone]),
    (Method::GET, "/v1/applications", READERS),
    (Method::POST, "/v1/applications", &[Who::Administrator]),
    (Method::GET, "/v1/applications/{id}", READERS),
    (Method::PUT, "/v1/applications/{id}", &[Who::Administrator]),
    (Method::POST, "/v1/applications/{id}/retire", &[Who::Administrator]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(public::public_applications))
        .routes(routes!(public::public_application))
        .routes(routes!(list::applications, publish::publish))
        .routes(routes!(list::application, amend::amend))
        .routes(routes!(retire::retire))
}
