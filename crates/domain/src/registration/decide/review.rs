//! Who works on a case: claims, and what speaks for care.

use jiff::{SignedDuration, Timestamp};

use super::{Decision, NOTHING_TO_DO};
use crate::registration::commands::Reviewer;
use crate::registration::error::RegistrationRejection as Rejected;
use crate::registration::events::RegistrationEvent;
use crate::registration::separation;
use crate::registration::state::{Case, Claim, Stage};
use crate::{Context, OrganizationId, Reason, StaffId};

pub(super) fn claim(case: &Case, reviewer: &Reviewer, context: &Context) -> Decision {
    let held = claim_in_review(case)?;
    uninvolved(case, reviewer, None)?;
    match held {
        Some(claim) if claim.reviewer != reviewer.staff && !claim.is_lapsed(context.now) => {
            Err(Rejected::ClaimedByAnother { until: claim.until })
        }
        held => Ok(claimed(held, None, reviewer.staff, context)),
    }
}

pub(super) fn take_over(case: &Case, reviewer: &Reviewer, context: &Context) -> Decision {
    let held = claim_in_review(case)?;
    uninvolved(case, reviewer, None)?;
    let from = held.filter(|claim| claim.reviewer != reviewer.staff && !claim.is_lapsed(context.now)).map(|claim| claim.reviewer);
    Ok(claimed(held, from, reviewer.staff, context))
}

/// The events of a claim, after the one before has been noted as lapsed if it has.
fn claimed(held: Option<Claim>, taken_over_from: Option<StaffId>, reviewer: StaffId, context: &Context) -> Vec<RegistrationEvent> {
    let until = until(context);
    let mut events = Vec::with_capacity(2);
    if let Some(held) = held {
        if held.is_lapsed(context.now) {
            events.push(RegistrationEvent::Released { reviewer: held.reviewer, lapsed: true });
        } else if held == (Claim { reviewer, until }) {
            return NOTHING_TO_DO;
        }
    }
    events.push(RegistrationEvent::Claimed { reviewer, until, taken_over_from });
    events
}

/// At least a minute: a claim that has run out when it is made would serve nobody.
fn until(context: &Context) -> Timestamp {
    let minutes = context.policy.claim_minutes.max(1);
    context.now.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MAX)
}

pub(super) fn release(case: &Case, reviewer: StaffId, context: &Context) -> Decision {
    match claim_in_review(case)? {
        None => Ok(NOTHING_TO_DO),
        Some(claim) if claim.reviewer == reviewer => {
            Ok(vec![RegistrationEvent::Released { reviewer, lapsed: claim.is_lapsed(context.now) }])
        }
        Some(claim) => Err(Rejected::ClaimedByAnother { until: claim.until }),
    }
}

pub(super) fn raise_risk(case: &Case, signal: Reason) -> Decision {
    if case.risks.contains(&signal) {
        return Ok(NOTHING_TO_DO);
    }
    if case.stage.is_decided() {
        return Err(Rejected::AlreadyDecided { stage: case.stage.name() });
    }
    Ok(vec![RegistrationEvent::RiskRaised { signal }])
}

/// The case is with the reviewers: the claim on it, if there is one.
fn claim_in_review(case: &Case) -> Result<Option<Claim>, Rejected> {
    match &case.stage {
        Stage::Submitted(_) => Ok(None),
        Stage::InReview { claim, .. } => Ok(Some(*claim)),
        Stage::Filling => Err(Rejected::NotSubmitted),
        Stage::InformationRequested { .. } => Err(Rejected::InformationAwaited),
        Stage::Expired => Err(Rejected::Expired(case.expires_at)),
        Stage::Withdrawn => Err(Rejected::Withdrawn),
        Stage::ApprovalPending { .. } | Stage::Approved { .. } | Stage::Rejected { .. } | Stage::Linked { .. } => {
            Err(Rejected::AlreadyDecided { stage: case.stage.name() })
        }
    }
}

/// The case is this reviewer's to decide on, now: they hold a claim that has not run out, and have nothing else to do with it.
pub(super) fn holds(case: &Case, reviewer: &Reviewer, linked: Option<OrganizationId>, context: &Context) -> Result<(), Rejected> {
    let held = claim_in_review(case)?;
    uninvolved(case, reviewer, linked)?;
    match held {
        None => Err(Rejected::NotClaimed),
        Some(claim) if claim.reviewer != reviewer.staff => {
            Err(if claim.is_lapsed(context.now) { Rejected::NotClaimed } else { Rejected::ClaimedByAnother { until: claim.until } })
        }
        Some(claim) if claim.is_lapsed(context.now) => Err(Rejected::ClaimLapsed { until: claim.until }),
        Some(_) => Ok(()),
    }
}

/// The reviewer has nothing else to do with the case.
pub(super) fn uninvolved(case: &Case, reviewer: &Reviewer, linked: Option<OrganizationId>) -> Result<(), Rejected> {
    match separation::tie(reviewer, case, linked) {
        Some(tie) => Err(Rejected::ReviewerInvolved { tie }),
        None => Ok(()),
    }
}

/// The decision was made on the dossier as it is.
pub(super) fn on_current_dossier(case: &Case, named: u32) -> Result<(), Rejected> {
    let current = case.dossier.version;
    match named.cmp(&current) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(Rejected::DossierChanged { named, current, changed: case.dossier.changed_since(named).collect() }),
        std::cmp::Ordering::Greater => Err(Rejected::DossierVersionUnknown { named, current }),
    }
}
