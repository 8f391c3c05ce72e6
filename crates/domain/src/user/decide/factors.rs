//! Second factors of a user (domain, J2, J3): who needs one, and which ones work.

use super::{Decision, login, open, usable};
use crate::user::{UserEvent, UserState};
use crate::{ApplicationId, Context, CredentialId};

/// Whoever is suspended needs it when they come back.
pub(super) fn ask(state: &UserState, application: ApplicationId) -> Decision {
    let account = open(state)?;
    let asks_already = account.second_factor_asked_by.contains(&application);
    Ok(if asks_already { vec![] } else { vec![UserEvent::SecondFactorAsked { application }] })
}

pub(super) fn stop_asking(state: &UserState, application: ApplicationId, context: &Context) -> Decision {
    let account = open(state)?;
    if !account.second_factor_asked_by.contains(&application) {
        return Ok(vec![]);
    }
    Ok(login::and_completed(state, vec![UserEvent::SecondFactorNoLongerAsked { application }], context))
}

pub(super) fn add(state: &UserState, credential: CredentialId, context: &Context) -> Decision {
    let is_new = usable(state)?.means.can_add_second_factor(credential)?;
    let added = if is_new { vec![UserEvent::SecondFactorAdded { credential }] } else { vec![] };
    Ok(login::and_completed(state, added, context))
}

pub(super) fn remove(state: &UserState, credential: CredentialId, context: &Context) -> Decision {
    let account = open(state)?;
    let is_there = account.means.can_remove_second_factor(credential, account.needs_second_factor(&context.policy))?;
    Ok(if is_there { vec![UserEvent::SecondFactorRemoved { credential }] } else { vec![] })
}

pub(super) fn reset(state: &UserState) -> Decision {
    let factors = &open(state)?.means.second_factors;
    Ok(factors.iter().map(|credential| UserEvent::SecondFactorRemoved { credential: *credential }).collect())
}
