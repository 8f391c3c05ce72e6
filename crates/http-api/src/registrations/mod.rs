//! Registrations: each step of the registrant, and the whole dossier.
//!
//! A registrant is whoever holds the link that the registration began with.

pub mod challenge;
pub mod confirm;
pub mod correct;
pub mod deselect;
pub mod due;
pub mod handover;
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

use utoipa_axum::routes;

use crate::access::{Endpoints, May, Role, Scope};
use crate::limits::Limit;

/// Who fills a registration in.
const REGISTRANT: [May; 2] = [Role::Addressee.of(Scope::Held), Role::Registrant.of(Scope::Held)];
/// Who may look at one.
const READERS: [May; 5] = [
    Role::Addressee.of(Scope::Held),
    Role::Registrant.of(Scope::Held),
    Role::Reviewer.of(Scope::Everything),
    Role::ReviewLead.of(Scope::Everything),
    Role::Auditor.of(Scope::Everything),
];

pub(crate) fn endpoints() -> Endpoints {
    Endpoints::default()
        .limited(routes!(start::start), [Role::Anyone.of(Scope::Everything)], [Limit::RegistrationsPerNetwork, Limit::MailsPerAddress])
        .add(routes!(show::show), READERS)
        .limited(routes!(challenge::challenge), REGISTRANT, [Limit::HumanChecksPerNetwork])
        .limited(routes!(human_check::answer), REGISTRANT, [Limit::HumanChecksPerNetwork, Limit::HumanChecksPerRegistration])
        .add(routes!(save_profile::save), REGISTRANT)
        .add(routes!(propose::propose), REGISTRANT)
        .add(routes!(nominate::nominate), REGISTRANT)
        .add(routes!(correct::correct), REGISTRANT)
        .add(routes!(select::select), REGISTRANT)
        .add(routes!(deselect::deselect), REGISTRANT)
        .add(routes!(handover::handover), REGISTRANT)
        .add(routes!(confirm::confirm), REGISTRANT)
        .add(routes!(submit::submit), REGISTRANT)
        .add(routes!(resubmit::resubmit), REGISTRANT)
        .add(routes!(withdraw::withdraw), REGISTRANT)
}
