//! By what a member of the staff signs in: always with two factors.

use super::{Decision, member};
use crate::staff::{StaffAccount, StaffEvent, StaffRejection, StaffState};
use crate::{CredentialId, ReservationId, UserId};

/// The first one-time password opens the account.
pub(super) fn issue(state: &StaffState, user_id: UserId, one_time_password: CredentialId) -> Decision {
    let can = match &member(state)?.account {
        None => true,
        Some(account) if account.user_id != user_id => return Err(StaffRejection::AnotherUserId),
        Some(account) => account.means.can_issue(one_time_password),
    };
    Ok(if can { vec![StaffEvent::OneTimePasswordIssued { user_id, one_time_password }] } else { vec![] })
}

pub(super) fn redeem(state: &StaffState, one_time_password: CredentialId) -> Decision {
    account(state)?.means.redeem(one_time_password)?;
    Ok(vec![StaffEvent::OneTimePasswordRedeemed { one_time_password }])
}

/// A note of what the vault did.
pub(super) fn lock(state: &StaffState, one_time_password: CredentialId) -> Decision {
    let can = account(state)?.means.can_lock(one_time_password);
    Ok(if can { vec![StaffEvent::OneTimePasswordLocked { one_time_password }] } else { vec![] })
}

pub(super) fn set_password(state: &StaffState, password: CredentialId) -> Decision {
    let means = &account(state)?.means;
    let can = means.can_set_password(password)?;
    Ok(if can { vec![StaffEvent::PasswordSet { password, replaces: means.password }] } else { vec![] })
}

pub(super) fn add_second_factor(state: &StaffState, credential: CredentialId) -> Decision {
    let is_new = account(state)?.means.can_add_second_factor(credential)?;
    Ok(if is_new { vec![StaffEvent::SecondFactorAdded { credential }] } else { vec![] })
}

pub(super) fn remove_second_factor(state: &StaffState, credential: CredentialId) -> Decision {
    let is_there = account(state)?.means.can_remove_second_factor(credential, true)?;
    Ok(if is_there { vec![StaffEvent::SecondFactorRemoved { credential }] } else { vec![] })
}

pub(super) fn reset_second_factors(state: &StaffState) -> Decision {
    let factors = &account(state)?.means.second_factors;
    Ok(factors.iter().map(|credential| StaffEvent::SecondFactorRemoved { credential: *credential }).collect())
}

/// An account comes first: where the provider proves one factor only, the second one is of the account.
pub(super) fn link_identity(state: &StaffState, identity: ReservationId) -> Decision {
    account(state)?;
    match member(state)?.identity {
        None => Ok(vec![StaffEvent::IdentityLinked { identity }]),
        Some(linked) if linked == identity => Ok(vec![]),
        Some(_) => Err(StaffRejection::AnotherIdentity),
    }
}

fn account(state: &StaffState) -> Result<&StaffAccount, StaffRejection> {
    member(state)?.account.as_ref().ok_or(StaffRejection::NoAccountYet)
}
