//! The review of registrations: the queue, claims, decisions.

pub mod approve;
pub mod approve_batch;
pub mod by_reviewer;
pub mod claim;
pub mod likely_duplicates;
pub mod link;
pub mod queue;
pub mod raise_risk;
pub mod reject;
pub mod release;
pub mod reopen;
pub mod request_information;
pub mod take_over;
pub mod undo_approval;

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};

/// Who decides.
const REVIEWER: [May; 1] = [Role::Reviewer.of(Scope::Everything)];
/// Who holds a claim, or undoes what was decided.
const REVIEWERS: [May; 2] = [Role::Reviewer.of(Scope::Everything), Role::ReviewLead.of(Scope::Everything)];
/// Who steps in for others.
const LEAD: [May; 1] = [Role::ReviewLead.of(Scope::Everything)];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .add(routes!(queue::queue), REVIEWERS)
        .add(routes!(approve_batch::approve_batch), REVIEWER)
        .add(routes!(claim::claim), REVIEWER)
        .add(routes!(release::release), REVIEWERS)
        .add(routes!(take_over::take_over), LEAD)
        .add(routes!(request_information::request_information), REVIEWER)
        .add(routes!(approve::approve), REVIEWER)
        .add(routes!(reject::reject), REVIEWER)
        .add(routes!(raise_risk::raise_risk), REVIEWERS)
        .add(routes!(undo_approval::undo_approval), REVIEWERS)
        .add(routes!(reopen::reopen), LEAD)
        .add(routes!(likely_duplicates::likely_duplicates), REVIEWERS)
        .add(routes!(link::link), REVIEWER)
}
