//! First-time login (domain, J2): one-time password, password, profile, terms, in this order; and what of it comes again later.

use super::{Decision, usable, why_not};
use crate::user::{LoginStep, OneTimePassword, UserEvent, UserRejection, UserState};
use crate::{Contact, Context, CredentialId, Personal, TermsVersion};

/// Also for an established account: this is how an administrator helps a user who has forgotten the password.
pub(super) fn issue(state: &UserState, one_time_password: CredentialId) -> Decision {
    let account = usable(state)?;
    Ok(if account.one_time_password.id() == one_time_password {
        vec![]
    } else {
        vec![UserEvent::OneTimePasswordIssued { one_time_password }]
    })
}

pub(super) fn redeem(state: &UserState, one_time_password: CredentialId) -> Decision {
    let account = usable(state)?;
    if account.one_time_password.id() != one_time_password {
        return Err(UserRejection::OneTimePasswordReplaced);
    }
    match account.one_time_password {
        OneTimePassword::Issued(_) => Ok(vec![UserEvent::OneTimePasswordRedeemed { one_time_password }]),
        OneTimePassword::Locked(_) => Err(UserRejection::OneTimePasswordLocked),
        // Not "already so": whoever holds it would be let in twice.
        OneTimePassword::Redeemed(_) | OneTimePassword::Spent(_) => Err(UserRejection::OneTimePasswordUsed),
    }
}

/// A note of what the vault did: of no effect on a one-time password that serves no more.
pub(super) fn lock(state: &UserState, one_time_password: CredentialId) -> Decision {
    let account = match state {
        UserState::PendingFirstLogin(account) | UserState::Active(account) | UserState::Suspended(account, _) => account,
        UserState::Closed(_) => return Ok(vec![]),
        UserState::Unknown
        | UserState::Invited(_)
        | UserState::SelfRegistered(_)
        | UserState::Refused(_)
        | UserState::InvitationExpired(_) => return Err(why_not(state)),
    };
    Ok(match account.one_time_password {
        OneTimePassword::Issued(id) if id == one_time_password => vec![UserEvent::OneTimePasswordLocked { one_time_password }],
        OneTimePassword::Issued(_) | OneTimePassword::Locked(_) | OneTimePassword::Redeemed(_) | OneTimePassword::Spent(_) => vec![],
    })
}

pub(super) fn set_password(state: &UserState, password: CredentialId) -> Decision {
    let account = usable(state)?;
    if account.password == Some(password) {
        return Ok(vec![]);
    }
    // Without a password of their own, the one-time password comes first; with one, they may change it whenever they like.
    if account.password.is_none() {
        match account.one_time_password {
            OneTimePassword::Issued(_) => return Err(UserRejection::StepOutOfOrder { next: LoginStep::RedeemOneTimePassword }),
            OneTimePassword::Locked(_) => return Err(UserRejection::OneTimePasswordLocked),
            OneTimePassword::Redeemed(_) | OneTimePassword::Spent(_) => {}
        }
    }
    Ok(vec![UserEvent::PasswordSet { password, replaces: account.password }])
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
    match account.next_step() {
        Some(next @ (LoginStep::RedeemOneTimePassword | LoginStep::SetPassword)) => Err(UserRejection::StepOutOfOrder { next }),
        Some(LoginStep::ConfirmProfile | LoginStep::AcceptTerms) | None => Ok(vec![UserEvent::ProfileConfirmed { contact }]),
    }
}

pub(super) fn accept_terms(state: &UserState, version: TermsVersion, context: &Context) -> Decision {
    let account = usable(state)?;
    if account.terms.as_ref() == Some(&version) {
        return Ok(vec![]);
    }
    let in_force = &context.policy.terms_version;
    if version.as_str() != in_force {
        return Err(UserRejection::TermsNotInForce { in_force: in_force.clone() });
    }
    match account.next_step() {
        Some(next @ (LoginStep::RedeemOneTimePassword | LoginStep::SetPassword | LoginStep::ConfirmProfile)) => {
            Err(UserRejection::StepOutOfOrder { next })
        }
        // The last step of first-time login: the account is established with it.
        Some(LoginStep::AcceptTerms) => Ok(vec![UserEvent::TermsAccepted { version }, UserEvent::Activated {}]),
        None => Ok(vec![UserEvent::TermsAccepted { version }]),
    }
}
