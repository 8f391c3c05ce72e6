//! How the events of a user change them.

use std::collections::BTreeSet;

use super::{AcceptedTerms, Account, SelfRegistration, SuspendedFrom, UserEvent, UserInvitation, UserState};
use crate::sign_in::{OneTimePassword, SignInMeans};

/// The state after an event.
pub(super) fn evolve(state: UserState, event: &UserEvent) -> UserState {
    match event {
        UserEvent::Invited { .. } | UserEvent::SelfRegistered { .. } | UserEvent::Refused { .. } | UserEvent::InvitationExpired {} => {
            before_account(state, event)
        }
        UserEvent::Created { organization, organization_name, user_id, contact, roles, one_time_password, origin } => {
            UserState::PendingFirstLogin(Account {
                organization: *organization,
                organization_name: organization_name.clone(),
                user_id: user_id.clone(),
                contact: contact.clone(),
                is_profile_confirmed: false,
                roles: roles.iter().copied().collect(),
                means: SignInMeans::begin_with(*one_time_password),
                second_factor_asked_by: BTreeSet::new(),
                terms: None,
                origin: *origin,
            })
        }
        UserEvent::Activated {} => turn(state, |account, _| UserState::Active(account)),
        UserEvent::Suspended { reason: _ } => turn(state, UserState::Suspended),
        UserEvent::Reinstated { reason: _ } => turn(state, |account, from| match from {
            SuspendedFrom::PendingFirstLogin => UserState::PendingFirstLogin(account),
            SuspendedFrom::Active => UserState::Active(account),
        }),
        UserEvent::Closed { reason: _ } => turn(state, |account, _| UserState::Closed(account)),
        UserEvent::OneTimePasswordIssued { .. }
        | UserEvent::OneTimePasswordRedeemed { .. }
        | UserEvent::OneTimePasswordLocked { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::ProfileConfirmed { .. }
        | UserEvent::TermsAcceptedV1 { .. }
        | UserEvent::TermsAccepted { .. }
        | UserEvent::SecondFactorAsked { .. }
        | UserEvent::SecondFactorNoLongerAsked { .. }
        | UserEvent::SecondFactorAdded { .. }
        | UserEvent::SecondFactorRemoved { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. } => change_account(state, event),
    }
}

fn before_account(state: UserState, event: &UserEvent) -> UserState {
    match event {
        UserEvent::Invited { organization, organization_name, email, expires_at } => UserState::Invited(UserInvitation {
            organization: *organization,
            organization_name: organization_name.clone(),
            email: email.clone(),
            expires_at: *expires_at,
        }),
        UserEvent::SelfRegistered { contact, one_time_password } => match invitation(&state) {
            Some(invitation) => {
                UserState::SelfRegistered(SelfRegistration { invitation, contact: contact.clone(), one_time_password: *one_time_password })
            }
            None => state,
        },
        UserEvent::Refused { reason: _ } => invitation(&state).map_or(state, UserState::Refused),
        UserEvent::InvitationExpired {} => invitation(&state).map_or(state, UserState::InvitationExpired),
        UserEvent::Created { .. }
        | UserEvent::OneTimePasswordIssued { .. }
        | UserEvent::OneTimePasswordRedeemed { .. }
        | UserEvent::OneTimePasswordLocked { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::ProfileConfirmed { .. }
        | UserEvent::TermsAcceptedV1 { .. }
        | UserEvent::TermsAccepted { .. }
        | UserEvent::SecondFactorAsked { .. }
        | UserEvent::SecondFactorNoLongerAsked { .. }
        | UserEvent::SecondFactorAdded { .. }
        | UserEvent::SecondFactorRemoved { .. }
        | UserEvent::Activated {}
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::Suspended { .. }
        | UserEvent::Reinstated { .. }
        | UserEvent::Closed { .. } => state,
    }
}

fn invitation(state: &UserState) -> Option<UserInvitation> {
    match state {
        UserState::Invited(invitation) | UserState::Refused(invitation) | UserState::InvitationExpired(invitation) => {
            Some(invitation.clone())
        }
        UserState::SelfRegistered(registration) => Some(registration.invitation.clone()),
        UserState::Unknown | UserState::PendingFirstLogin(_) | UserState::Active(_) | UserState::Suspended(..) | UserState::Closed(_) => {
            None
        }
    }
}

/// What changes in the account, whichever state it is in.
fn change_account(mut state: UserState, event: &UserEvent) -> UserState {
    let (UserState::PendingFirstLogin(account)
    | UserState::Active(account)
    | UserState::Suspended(account, _)
    | UserState::Closed(account)) = &mut state
    else {
        return state;
    };
    match event {
        UserEvent::OneTimePasswordIssued { one_time_password } => {
            account.means.one_time_password = OneTimePassword::Issued(*one_time_password)
        }
        UserEvent::OneTimePasswordRedeemed { one_time_password } => {
            account.means.one_time_password = OneTimePassword::Redeemed(*one_time_password);
        }
        UserEvent::OneTimePasswordLocked { one_time_password } => {
            account.means.one_time_password = OneTimePassword::Locked(*one_time_password)
        }
        UserEvent::PasswordSet { password, replaces: _ } => {
            account.means.set_password(*password);
        }
        UserEvent::ProfileConfirmed { contact } => {
            account.contact = contact.clone();
            account.is_profile_confirmed = true;
        }
        UserEvent::TermsAcceptedV1 { version } => account.terms = Some(AcceptedTerms { version: version.clone(), renew_from: None }),
        UserEvent::TermsAccepted { version, renew_from } => {
            account.terms = Some(AcceptedTerms { version: version.clone(), renew_from: Some(*renew_from) });
        }
        UserEvent::SecondFactorAsked { application } => {
            account.second_factor_asked_by.insert(*application);
        }
        UserEvent::SecondFactorNoLongerAsked { application } => {
            account.second_factor_asked_by.remove(application);
        }
        UserEvent::SecondFactorAdded { credential } => {
            account.means.second_factors.insert(*credential);
        }
        UserEvent::SecondFactorRemoved { credential } => {
            account.means.second_factors.remove(credential);
        }
        UserEvent::RoleGranted { role } => {
            account.roles.insert(*role);
        }
        UserEvent::RoleRevoked { role, reason: _ } => {
            account.roles.remove(role);
        }
        UserEvent::Invited { .. }
        | UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::Created { .. }
        | UserEvent::Activated {}
        | UserEvent::Suspended { .. }
        | UserEvent::Reinstated { .. }
        | UserEvent::Closed { .. } => {}
    }
    state
}

/// The next state of an account, given where it is (or was before it was suspended).
fn turn(state: UserState, next: impl FnOnce(Account, SuspendedFrom) -> UserState) -> UserState {
    match state {
        UserState::PendingFirstLogin(account) => next(account, SuspendedFrom::PendingFirstLogin),
        UserState::Active(account) | UserState::Closed(account) => next(account, SuspendedFrom::Active),
        UserState::Suspended(account, from) => next(account, from),
        UserState::Unknown
        | UserState::Invited(_)
        | UserState::SelfRegistered(_)
        | UserState::Refused(_)
        | UserState::InvitationExpired(_) => state,
    }
}
