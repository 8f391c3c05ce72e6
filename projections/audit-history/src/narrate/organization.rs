//! Organizations in words.

use domain::organization::OrganizationEvent;
use domain::{Actor, OrganizationId, PersonId};

use super::{Deed, Glossary};

pub(super) fn tell(names: &Glossary, actor: &Actor, id: OrganizationId, event: &OrganizationEvent) -> Deed {
    let organization = names.organization(id);
    let administrator = |person: &PersonId| names.person(*person);
    match event {
        OrganizationEvent::Approved { registration, profile, administrators } => {
            let administrators = administrators.iter().map(administrator).collect::<Vec<_>>().join(", ");
            Deed::plain(format!(
                "registered {} ({}) from {}, administered by {administrators}",
                profile.legal_name,
                profile.address.country,
                names.case(*registration)
            ))
        }
        OrganizationEvent::ProfileAmended { profile } => Deed::plain(format!("amended the profile of {}", profile.legal_name)),
        OrganizationEvent::AmendmentRequested { profile, requested_by: _ } => Deed::plain(format!(
            "asked to change legal name, country or identifiers of {organization}: {} ({})",
            profile.legal_name, profile.address.country
        )),
        OrganizationEvent::AmendmentApproved { reviewer, profile, reason } => Deed::because(
            format!(
                "approved the change of {} ({}) to its profile{}",
                profile.legal_name,
                profile.address.country,
                names.for_reviewer(actor, *reviewer)
            ),
            reason,
        ),
        OrganizationEvent::AmendmentRefused { reviewer, reason } => {
            Deed::because(format!("refused the change of {organization} to its profile{}", names.for_reviewer(actor, *reviewer)), reason)
        }
        OrganizationEvent::Suspended { reason } => Deed::because(format!("suspended {organization}"), reason),
        OrganizationEvent::Reinstated { reason } => Deed::because(format!("reinstated {organization}"), reason),
        OrganizationEvent::Closed { reason } => Deed::because(format!("closed {organization} for good"), reason),
        OrganizationEvent::AdministratorAdded { administrator: person } => {
            Deed::plain(format!("made {} an administrator of {organization}", administrator(person)))
        }
        OrganizationEvent::AdministratorEstablished { administrator: person } => {
            Deed::plain(format!("noted that {} can act as administrator of {organization}", administrator(person)))
        }
        OrganizationEvent::AdministratorRemoved { administrator: person, reason } => {
            Deed::because(format!("removed {} from the administrators of {organization}", administrator(person)), reason)
        }
    }
}
