//! How the events of an organization change it.

use super::{Amendment, OrganizationEvent, OrganizationState, Registered, Standing};
use crate::OrganizationProfile;

/// The state after an event.
pub(super) fn evolve(state: OrganizationState, event: &OrganizationEvent) -> OrganizationState {
    match event {
        OrganizationEvent::Approved { registration, profile, administrators } => OrganizationState::Registered(Registered {
            registration: *registration,
            profile: profile.clone(),
            amendment: None,
            administrators: administrators.iter().map(|administrator| (*administrator, Standing::Expected)).collect(),
        }),
        OrganizationEvent::ProfileAmended { profile } => change(state, |registered| {
            // What changed at once shall not be undone when the change that waits is approved.
            if let Some(amendment) = &mut registered.amendment {
                amendment.profile = with_reviewed_fields_of(&amendment.profile, profile.clone());
            }
            registered.profile = profile.clone();
        }),
        OrganizationEvent::AmendmentRequested { profile, requested_by } => change(state, |registered| {
            registered.amendment = Some(Amendment { profile: profile.clone(), requested_by: *requested_by });
        }),
        OrganizationEvent::AmendmentApproved { reviewer: _, profile, reason: _ } => change(state, |registered| {
            registered.profile = profile.clone();
            registered.amendment = None;
        }),
        OrganizationEvent::AmendmentRefused { reviewer: _, reason: _ } => change(state, |registered| registered.amendment = None),
        OrganizationEvent::Suspended { reason: _ } => turn(state, OrganizationState::Suspended),
        OrganizationEvent::Reinstated { reason: _ } => turn(state, OrganizationState::Registered),
        OrganizationEvent::Closed { reason: _ } => turn(state, OrganizationState::Closed),
        OrganizationEvent::AdministratorAdded { administrator } => change(state, |registered| {
            registered.administrators.entry(*administrator).or_insert(Standing::Expected);
        }),
        OrganizationEvent::AdministratorEstablished { administrator } => change(state, |registered| {
            registered.administrators.insert(*administrator, Standing::Established);
        }),
        OrganizationEvent::AdministratorRemoved { administrator, reason: _ } => change(state, |registered| {
            registered.administrators.remove(administrator);
        }),
    }
}

/// The profile, with legal name, country and identifiers of the other: the fields that change only through a review.
pub(super) fn with_reviewed_fields_of(other: &OrganizationProfile, profile: OrganizationProfile) -> OrganizationProfile {
    let mut merged = profile;
    merged.legal_name = other.legal_name.clone();
    merged.address.country = other.address.country.clone();
    merged.identifiers.clone_from(&other.identifiers);
    merged
}

fn change(mut state: OrganizationState, apply: impl FnOnce(&mut Registered)) -> OrganizationState {
    match &mut state {
        OrganizationState::NotRegistered => {}
        OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) | OrganizationState::Closed(registered) => {
            apply(registered);
        }
    }
    state
}

fn turn(state: OrganizationState, next: fn(Registered) -> OrganizationState) -> OrganizationState {
    match state {
        OrganizationState::NotRegistered => OrganizationState::NotRegistered,
        OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) | OrganizationState::Closed(registered) => {
            next(registered)
        }
    }
}
