//! How the events of a member of the staff change them.

use super::{Member, StaffAccount, StaffEvent, StaffState};
use crate::sign_in::{OneTimePassword, SignInMeans};

/// The state after an event.
pub(super) fn evolve(state: StaffState, event: &StaffEvent) -> StaffState {
    match event {
        StaffEvent::Appointed { contact, roles } => {
            let roles = roles.iter().copied().collect();
            StaffState::Member(Member { contact: contact.clone(), roles, affiliations: vec![], account: None, identity: None })
        }
        StaffEvent::RoleGranted { role } => change(state, |member| {
            member.roles.insert(*role);
        }),
        StaffEvent::RoleRevoked { role, reason: _ } => change(state, |member| {
            member.roles.remove(role);
        }),
        StaffEvent::AffiliationsDeclared { affiliations } => change(state, |member| member.affiliations.clone_from(affiliations)),
        StaffEvent::OneTimePasswordIssued { user_id, one_time_password } => change(state, |member| match &mut member.account {
            Some(account) => account.means.one_time_password = OneTimePassword::Issued(*one_time_password),
            None => {
                let means = SignInMeans::begin_with(*one_time_password);
                member.account = Some(StaffAccount { user_id: user_id.clone(), means });
            }
        }),
        StaffEvent::OneTimePasswordRedeemed { one_time_password } => {
            change_means(state, |means| means.one_time_password = OneTimePassword::Redeemed(*one_time_password))
        }
        StaffEvent::OneTimePasswordLocked { one_time_password } => {
            change_means(state, |means| means.one_time_password = OneTimePassword::Locked(*one_time_password))
        }
        StaffEvent::PasswordSet { password, replaces: _ } => change_means(state, |means| means.set_password(*password)),
        StaffEvent::SecondFactorAdded { credential } => change_means(state, |means| {
            means.second_factors.insert(*credential);
        }),
        StaffEvent::SecondFactorRemoved { credential } => change_means(state, |means| {
            means.second_factors.remove(credential);
        }),
        StaffEvent::IdentityLinked { identity } => change(state, |member| member.identity = Some(*identity)),
        StaffEvent::IdentityUnlinked { identity: _ } => change(state, |member| member.identity = None),
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

fn change_means(state: StaffState, apply: impl FnOnce(&mut SignInMeans)) -> StaffState {
    change(state, |member| {
        if let Some(account) = &mut member.account {
            apply(&mut account.means);
        }
    })
}
