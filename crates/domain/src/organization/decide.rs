//! Which events follow a command to an organization.

use super::evolve::with_reviewed_fields_of;
use super::{Amendment, OrganizationCommand, OrganizationEvent, OrganizationRejection, OrganizationState, Registered, Standing};
use crate::registration::Reviewer;
use crate::{Context, OrganizationId, OrganizationProfile, PersonId, Reason, RegisteredIdentifier, RegistrationId};

type Decision = Result<Vec<OrganizationEvent>, OrganizationRejection>;

/// Decides a command.
pub(super) fn decide(state: &OrganizationState, command: OrganizationCommand, context: &Context) -> Decision {
    match command {
        OrganizationCommand::ApproveOrg { registration, profile, administrators } => approve(state, registration, profile, administrators),
        OrganizationCommand::AmendProfile { profile } => amend(state, profile, context.actor.user()),
        OrganizationCommand::ApproveAmendment { id, reviewer, reason } => {
            let profile = amendment_for(state, id, &reviewer)?.profile.clone();
            Ok(vec![OrganizationEvent::AmendmentApproved { reviewer: reviewer.staff, profile, reason }])
        }
        OrganizationCommand::RefuseAmendment { id, reviewer, reason } => {
            amendment_for(state, id, &reviewer)?;
            Ok(vec![OrganizationEvent::AmendmentRefused { reviewer: reviewer.staff, reason }])
        }
        OrganizationCommand::SuspendOrg { reason } => match state {
            OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
            OrganizationState::Registered(_) => Ok(vec![OrganizationEvent::Suspended { reason }]),
            OrganizationState::Suspended(_) => Ok(vec![]),
            OrganizationState::Closed(_) => Err(OrganizationRejection::Closed),
        },
        OrganizationCommand::ReinstateOrg { reason } => match state {
            OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
            OrganizationState::Registered(_) => Ok(vec![]),
            OrganizationState::Suspended(_) => Ok(vec![OrganizationEvent::Reinstated { reason }]),
            OrganizationState::Closed(_) => Err(OrganizationRejection::Closed),
        },
        OrganizationCommand::CloseOrg { reason } => match state {
            OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
            OrganizationState::Registered(_) | OrganizationState::Suspended(_) => Ok(vec![OrganizationEvent::Closed { reason }]),
            OrganizationState::Closed(_) => Ok(vec![]),
        },
        OrganizationCommand::AddAdministrator { administrator, established } => add_administrator(state, administrator, established),
        OrganizationCommand::EstablishAdministrator { administrator } => establish_administrator(state, administrator),
        OrganizationCommand::RemoveAdministrator { administrator, reason } => remove_administrator(state, administrator, reason),
        OrganizationCommand::LoseAdministrator { administrator, reason } => lose_administrator(state, administrator, reason),
    }
}

fn approve(
    state: &OrganizationState,
    registration: RegistrationId,
    profile: OrganizationProfile,
    administrators: Vec<PersonId>,
) -> Decision {
    if let Some(registered) = state.registered() {
        return if registered.registration == registration { Ok(vec![]) } else { Err(OrganizationRejection::AlreadyRegistered) };
    }
    let mut once: Vec<PersonId> = Vec::with_capacity(administrators.len());
    for administrator in administrators {
        if !once.contains(&administrator) {
            once.push(administrator);
        }
    }
    if once.is_empty() {
        return Err(OrganizationRejection::AdministratorRequired);
    }
    Ok(vec![OrganizationEvent::Approved { registration, profile, administrators: once }])
}

fn amend(state: &OrganizationState, profile: OrganizationProfile, requested_by: Option<PersonId>) -> Decision {
    let registered = in_good_standing(state)?;
    let identifiers = sorted(&profile);
    if identifiers.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(OrganizationRejection::IdentifierRepeated);
    }
    if profile == registered.profile || registered.amendment.as_ref().is_some_and(|amendment| amendment.profile == profile) {
        return Ok(vec![]);
    }
    if has_same_reviewed_fields(&profile, &registered.profile) {
        return Ok(vec![OrganizationEvent::ProfileAmended { profile }]);
    }
    match &registered.amendment {
        None => Ok(vec![OrganizationEvent::AmendmentRequested { profile, requested_by }]),
        // Legal name, country and identifiers are what waits already: the rest of the profile need not wait with them.
        Some(amendment) if has_same_reviewed_fields(&profile, &amendment.profile) => {
            let profile = with_reviewed_fields_of(&registered.profile, profile);
            if profile == registered.profile { Ok(vec![]) } else { Ok(vec![OrganizationEvent::ProfileAmended { profile }]) }
        }
        Some(_) => Err(OrganizationRejection::AmendmentWaits),
    }
}

/// The change that waits, if it is this reviewer's to decide on: they have nothing else to do with the organization.
fn amendment_for<'a>(
    state: &'a OrganizationState,
    id: OrganizationId,
    reviewer: &Reviewer,
) -> Result<&'a Amendment, OrganizationRejection> {
    let registered = not_closed(state)?;
    let amendment = registered.amendment.as_ref().ok_or(OrganizationRejection::NoAmendmentWaits)?;
    match registered.tie(id, reviewer) {
        Some(tie) => Err(OrganizationRejection::ReviewerInvolved { tie }),
        None => Ok(amendment),
    }
}

fn add_administrator(state: &OrganizationState, administrator: PersonId, established: bool) -> Decision {
    let added = OrganizationEvent::AdministratorAdded { administrator };
    let now_established = OrganizationEvent::AdministratorEstablished { administrator };
    Ok(match (not_closed(state)?.administrators.get(&administrator), established) {
        (None, false) => vec![added],
        (None, true) => vec![added, now_established],
        (Some(Standing::Expected), true) => vec![now_established],
        (Some(Standing::Expected), false) | (Some(Standing::Established), _) => vec![],
    })
}

fn establish_administrator(state: &OrganizationState, administrator: PersonId) -> Decision {
    match state {
        OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
        // A note of what happened to the user. Who was removed meanwhile does not come back by it.
        OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) => {
            Ok(match registered.administrators.get(&administrator) {
                Some(Standing::Expected) => vec![OrganizationEvent::AdministratorEstablished { administrator }],
                Some(Standing::Established) | None => vec![],
            })
        }
        OrganizationState::Closed(_) => Ok(vec![]),
    }
}

fn remove_administrator(state: &OrganizationState, administrator: PersonId, reason: Reason) -> Decision {
    match state {
        OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
        OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) => {
            if !registered.administrators.contains_key(&administrator) {
                return Ok(vec![]);
            }
            if !registered.can_spare(administrator) {
                return Err(OrganizationRejection::LastActiveAdministrator);
            }
            Ok(vec![OrganizationEvent::AdministratorRemoved { administrator, reason }])
        }
        // Its users are being closed one after the other, the last administrator among them.
        OrganizationState::Closed(_) => Ok(vec![]),
    }
}

/// A note of what is so: a rule that keeps somebody who cannot act would keep nothing.
fn lose_administrator(state: &OrganizationState, administrator: PersonId, reason: Reason) -> Decision {
    match state {
        OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
        OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) => {
            let is_one = registered.administrators.contains_key(&administrator);
            Ok(if is_one { vec![OrganizationEvent::AdministratorRemoved { administrator, reason }] } else { vec![] })
        }
        OrganizationState::Closed(_) => Ok(vec![]),
    }
}

fn in_good_standing(state: &OrganizationState) -> Result<&Registered, OrganizationRejection> {
    match state {
        OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
        OrganizationState::Registered(registered) => Ok(registered),
        OrganizationState::Suspended(_) => Err(OrganizationRejection::Suspended),
        OrganizationState::Closed(_) => Err(OrganizationRejection::Closed),
    }
}

fn not_closed(state: &OrganizationState) -> Result<&Registered, OrganizationRejection> {
    match state {
        OrganizationState::NotRegistered => Err(OrganizationRejection::NotFound),
        OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) => Ok(registered),
        OrganizationState::Closed(_) => Err(OrganizationRejection::Closed),
    }
}

fn has_same_reviewed_fields(a: &OrganizationProfile, b: &OrganizationProfile) -> bool {
    a.legal_name == b.legal_name && a.address.country == b.address.country && sorted(a) == sorted(b)
}

fn sorted(profile: &OrganizationProfile) -> Vec<&RegisteredIdentifier> {
    let mut identifiers: Vec<_> = profile.identifiers.iter().collect();
    identifiers.sort_unstable();
    identifiers
}
