//! Subscriptions of organizations to applications (J4).

pub mod ask;
pub mod decide;
pub mod list;
pub mod show;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. Whose the subscription or the application is, each endpoint looks.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/subscriptions", &[Who::User, Who::Partner, Who::Administrator]),
    (Method::POST, "/v1/subscriptions", &[Who::User]),
    (Method::GET, "/v1/subscriptions/{id}", &[Who::Service]),
    (Method::POST, "/v1/subscriptions/{id}/approve", &[Who::Partner, Who::Administrator]),
    (Method::POST, "/v1/subscriptions/{id}/deny", &[Who::Partner, Who::Administrator]),
    (Method::POST, "/v1/subscriptions/{id}/end", &[Who::User, Who::Partner, Who::Administrator]),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::subscriptions, ask::subscribe))
        .routes(routes!(show::subscription))
        .routes(routes!(decide::approve_subscription))
        .routes(routes!(decide::deny_subscription))
        .routes(routes!(decide::end_subscription))
}
