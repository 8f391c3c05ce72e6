//! The users of an organization (J7): created, uploaded, invited, suspended by its administrators.

pub mod create;
pub mod decide;
pub mod invite;
pub mod list;
pub mod one_time_password;
pub mod roles;
pub mod self_registration;
pub mod upload;

use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who may call what. Of users, only administrators of the organization get through: each endpoint looks.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/users", &[Who::User]),
    (Method::POST, "/v1/users", &[Who::User]),
    (Method::GET, "/v1/users/{id}", &[Who::User, Who::Service]),
    (Method::POST, "/v1/users/uploads", &[Who::User]),
    (Method::POST, "/v1/users/one-time-password-proposals", &[Who::User, Who::Invitee]),
    (Method::POST, "/v1/users/invitations", &[Who::User]),
    (Method::POST, "/v1/users/{id}/confirm", &[Who::User]),
    (Method::POST, "/v1/users/{id}/refuse", &[Who::User]),
    (Method::POST, "/v1/users/{id}/one-time-password", &[Who::User]),
    (Method::POST, "/v1/users/{id}/roles", &[Who::User]),
    (Method::POST, "/v1/users/{id}/roles/revoke", &[Who::User]),
    (Method::POST, "/v1/users/{id}/suspend", &[Who::User]),
    (Method::POST, "/v1/users/{id}/reinstate", &[Who::User]),
    (Method::POST, "/v1/users/{id}/close", &[Who::User]),
    (Method::GET, "/v1/self-registration", &[Who::Invitee]),
    (Method::POST, "/v1/self-registration", &[Who::Invitee]),
];

/// The largest upload: 1 MiB, some ten thousand users.
const MAX_UPLOAD_BYTES: usize = 1024 * 1024;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    let upload = OpenApiRouter::new().routes(routes!(upload::upload)).layer(DefaultBodyLimit::max(MAX_UPLOAD_BYTES));
    OpenApiRouter::new()
        .routes(routes!(list::users, create::create))
        .routes(routes!(list::user))
        .merge(upload)
        .routes(routes!(one_time_password::propose))
        .routes(routes!(one_time_password::issue))
        .routes(routes!(invite::invite))
        .routes(routes!(invite::confirm))
        .routes(routes!(invite::refuse))
        .routes(routes!(roles::grant))
        .routes(routes!(roles::revoke))
        .routes(routes!(decide::suspend))
        .routes(routes!(decide::reinstate))
        .routes(routes!(decide::close))
        .routes(routes!(self_registration::invitation, self_registration::register))
}
