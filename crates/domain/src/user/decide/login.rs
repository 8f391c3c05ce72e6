//! First-time login (domain, J2): one-time password, password, profile, terms, a second factor where one
//! is needed, in this order; and what of it comes again later.

use super::{Decision, open, usable};
use crate::days::years_after;
use crate::sign_in::{LoginStep, SignInRule};
use crate::user::evolve::evolve;
use crate::user::{UserEvent, UserRejection, UserState};
use crate::{Contact, Context, CredentialId, Personal, TermsVersion};

pub(super) fn issue(state: &UserState, one_time_password: CredentialId) -> Decision {
    let can = usable(state)?.means.can_issue(one_time_password);
    Ok(if can { vec![UserEvent::OneTimePasswordIssued { one_time_password }] } else { vec![] })
}

pub(super) fn redeem(state: &UserState, one_time_password: CredentialId) -> Decision {
    usable(state)?.means.redeem(one_time_password)?;
    Ok(vec![UserEvent::OneTimePasswordRedeemed { one_time_password }])
}

/// A note of what the vault did.
pub(super) fn lock(state: &UserState, one_time_password: CredentialId) -> Decision {
    let can = match open(state) {
        Ok(account) => account.means.can_lock(one_time_password),
        Err(UserRejection::Closed) => false,
        Err(rejection) => return Err(rejection),
    };
    Ok(if can { vec![UserEvent::OneTimePasswordLocked { one_time_password }] } else { vec![] })
}

pub(super) fn set_password(state: &UserState, password: CredentialId) -> Decision {
    let means = &usable(state)?.means;
    let can = means.can_set_password(password)?;
    Ok(if can { vec![UserEvent::PasswordSet { password, replaces: means.password }] } else { vec![] })
}

pub(super) fn confirm_profile(state: &UserState, contact: Personal<Contact>) -> Decision {
    let account = usable(state)?;
    if contact.person() != account.contact.person() {
        return Err(UserRejection::AnotherPerson);
    }
    if contact.is_erased() {
        return Err(UserRejection::PersonForgotten);
    }
    if account.is_profile_confirmed && account.contact == contact {
        return Ok(vec![]);
    }
    match account.means.next_step() {
        Some(next) => Err(SignInRule::StepOutOfOrder { next }.into()),
        None => Ok(vec![UserEvent::ProfileConfirmed { contact }]),
    }
}

pub(super) fn accept_terms(state: &UserState, version: TermsVersion, context: &Context) -> Decision {
    let account = usable(state)?;
    if account.terms.as_ref().is_some_and(|terms| terms.version == version && terms.hold(&context.policy, context.now)) {
        return Ok(vec![]);
    }
    let in_force = &context.policy.terms_version;
    if version.as_str() != in_force {
        return Err(UserRejection::TermsNotInForce { in_force: in_force.clone() });
    }
    match account.next_step(&context.policy, context.now) {
        Some(next @ (LoginStep::RedeemOneTimePassword | LoginStep::SetPassword | LoginStep::ConfirmProfile)) => {
            Err(SignInRule::StepOutOfOrder { next }.into())
        }
        Some(LoginStep::AcceptTerms | LoginStep::RegisterSecondFactor) | None => {
            let renew_from = years_after(context.now, context.policy.terms_years);
            Ok(and_completed(state, vec![UserEvent::TermsAccepted { version, renew_from }], context))
        }
    }
}

pub(super) fn complete(state: &UserState, context: &Context) -> Decision {
    usable(state)?;
    Ok(and_completed(state, vec![], context))
}

/// These events, and if nothing is left of first-time login after them, that the account is established.
pub(super) fn and_completed(state: &UserState, mut events: Vec<UserEvent>, context: &Context) -> Vec<UserEvent> {
    let after = events.iter().fold(state.clone(), evolve);
    if matches!(&after, UserState::PendingFirstLogin(account) if account.next_step(&context.policy, context.now).is_none()) {
        events.push(UserEvent::Activated {});
    }
    events
}
