//! Registrations: each step of the registrant, and the whole dossier.
//!
//! A registrant is whoever holds the link that the registration began with; [`holder`] says so for each request.

pub mod challenge;
pub mod confirm;
pub mod correct;
pub mod deselect;
pub mod due;
pub mod handover;
mod holder;
pub mod human_check;
pub mod nominate;
pub mod progress;
pub mod propose;
pub mod resubmit;
mod role;
pub mod save_profile;
pub mod select;
pub mod show;
pub mod start;
pub mod submit;
pub mod view;
pub mod withdraw;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who fills a registration in.
const REGISTRANT: &[Who] = &[Who::Addressee, Who::Registrant];
/// Who may look at one.
const READERS: &[Who] = &[Who::Addressee, Who::Registrant, Who::Reviewer, Who::ReviewLead, Who::Auditor];

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::POST, "/v1/registrations", &[Who::Anyone]),
    (Method::GET, "/v1/registrations/{id}", READERS),
    (Method::GET, "/v1/registrations/{id}/human-check", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/human-check", REGISTRANT),
    (Method::PUT, "/v1/registrations/{id}/profile", REGISTRANT),
    (Method::GET, "/v1/registrations/{id}/one-time-password", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/administrators", REGISTRANT),
    (Method::PUT, "/v1/registrations/{id}/administrators/{person}", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/administrators/{person}/roles", REGISTRANT),
    (Method::DELETE, "/v1/registrations/{id}/administrators/{person}/roles/{role}", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/administrators/{person}/handover", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/confirm", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/submit", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/resubmit", REGISTRANT),
    (Method::POST, "/v1/registrations/{id}/withdraw", REGISTRANT),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(start::start))
        .routes(routes!(show::show))
        .routes(routes!(challenge::challenge, human_check::answer))
        .routes(routes!(save_profile::save))
        .routes(routes!(propose::propose))
        .routes(routes!(nominate::nominate))
        .routes(routes!(correct::correct))
        .routes(routes!(select::select))
        .routes(routes!(deselect::deselect))
        .routes(routes!(handover::handover))
        .routes(routes!(confirm::confirm))
        .routes(routes!(submit::submit))
        .routes(routes!(resubmit::resubmit))
        .routes(routes!(withdraw::withdraw))
}
