//! How the events of a member of the staff change them.

use super::{Member, StaffEvent, StaffState};

/// The state after an event.
pub(super) fn evolve(state: StaffState, event: &StaffEvent) -> StaffState {
    match event {
        StaffEvent::Appointed { contact, roles } => {
            StaffState::Member(Member { contact: contact.clone(), roles: roles.iter().copied().collect(), affiliations: vec![] })
        }
        StaffEvent::RoleGranted { role } => change(state, |member| {
            member.roles.insert(*role);
        }),
        StaffEvent::RoleRevoked { role, reason: _ } => change(state, |member| {
            member.roles.remove(role);
        }),
        StaffEvent::AffiliationsDeclared { affiliations } => change(state, |member| member.affiliations.clone_from(affiliations)),
        StaffEvent::Dismissed { reason: _ } => match state {
            StaffState::NotAppointed => StaffState::NotAppointed,
            StaffState::Member(member) | StaffState::Dismissed(member) => StaffState::Dismissed(member),
        },
    }
}

fn change(mut state: StaffState, apply: impl FnOnce(&mut Member)) -> StaffState {
    match &mut state {
        StaffState::NotAppointed => {}
        StaffState::Member(member) | StaffState::Dismissed(member) => apply(member),
    }
    state
}
