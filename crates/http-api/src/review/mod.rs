//! The review of registrations: the queue, claims, decisions.

pub mod approve;
pub mod approve_batch;
pub mod by_reviewer;
pub mod claim;
pub mod link;
pub mod queue;
pub mod raise_risk;
pub mod reject;
pub mod release;
pub mod reopen;
pub mod request_information;
pub mod take_over;
pub mod undo_approval;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Row, Who};
use crate::services::Services;

/// Who decides.
const REVIEWER: &[Who] = &[Who::Reviewer];
/// Who holds a claim, or undoes what was decided.
const REVIEWERS: &[Who] = &[Who::Reviewer, Who::ReviewLead];
/// Who steps in for others.
const LEAD: &[Who] = &[Who::ReviewLead];

/// Who may call what.
pub(crate) const ACCESS: &[Row] = &[
    (Method::GET, "/v1/review/queue", REVIEWERS),
    (Method::POST, "/v1/review/approvals", REVIEWER),
    (Method::POST, "/v1/registrations/{id}/claim", REVIEWER),
    (Method::POST, "/v1/registrations/{id}/release", REVIEWERS),
    (Method::POST, "/v1/registrations/{id}/take-over", LEAD),
    (Method::POST, "/v1/registrations/{id}/request-information", REVIEWER),
    (Method::POST, "/v1/registrations/{id}/approve", REVIEWER),
    (Method::POST, "/v1/registrations/{id}/reject", REVIEWER),
    (Method::POST, "/v1/registrations/{id}/risks", REVIEWERS),
    (Method::POST, "/v1/registrations/{id}/undo-approval", REVIEWERS),
    (Method::POST, "/v1/registrations/{id}/reopen", LEAD),
    (Method::POST, "/v1/registrations/{id}/link-to-organization", REVIEWER),
];

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(queue::queue))
        .routes(routes!(approve_batch::approve_batch))
        .routes(routes!(claim::claim))
        .routes(routes!(release::release))
        .routes(routes!(take_over::take_over))
        .routes(routes!(request_information::request_information))
        .routes(routes!(approve::approve))
        .routes(routes!(reject::reject))
        .routes(routes!(raise_risk::raise_risk))
        .routes(routes!(undo_approval::undo_approval))
        .routes(routes!(reopen::reopen))
        .routes(routes!(link::link))
}
