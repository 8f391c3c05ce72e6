//! Invitations: how a partner, or the operator, invites companies; and what whoever follows their links finds.

pub mod accept;
pub mod create;
pub mod current;
pub mod duplicates;
pub mod list;
pub mod resend;
pub mod revoke;
mod send;
pub mod show;
pub mod view;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who invites.
const INVITERS: &[Who] = &[Who::Partner, Who::Administrator];
/// Who sees what was sent.
const READERS: &[Who] = &[Who::Partner, Who::Administrator, Who::Reviewer];

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::POST, "/v1/invitations", INVITERS),
    (Method::GET, "/v1/invitations", READERS),
    (Method::POST, "/v1/invitations/likely-duplicates", INVITERS),
    (Method::GET, "/v1/invitations/current", &[Who::Addressee]),
    (Method::POST, "/v1/invitations/current/accept", &[Who::Addressee]),
    (Method::GET, "/v1/invitations/{id}", READERS),
    (Method::POST, "/v1/invitations/{id}/resend", INVITERS),
    (Method::POST, "/v1/invitations/{id}/revoke", INVITERS),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(duplicates::duplicates))
        .routes(routes!(current::current))
        .routes(routes!(accept::accept))
        .routes(routes!(show::show))
        .routes(routes!(resend::resend))
        .routes(routes!(revoke::revoke))
}
