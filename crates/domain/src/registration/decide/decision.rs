//! What a reviewer decides: ask, approve, reject, undo, reopen, link.

use jiff::{SignedDuration, Timestamp};

use super::review::{holds, on_current_dossier, uninvolved};
use super::{Decision, filling, time};
use crate::registration::commands::Reviewer;
use crate::registration::error::RegistrationRejection as Rejected;
use crate::registration::events::{Origin, Question, RegistrationEvent};
use crate::registration::state::{Case, Stage};
use crate::registration::{MOST_QUESTION_BYTES, MOST_QUESTIONS};
use crate::{Context, OrganizationId, Reason};

/// How long the JSON pointer of a question may be, in characters.
const LONGEST_FIELD: usize = 200;

pub(super) fn request_information(
    case: &Case,
    reviewer: &Reviewer,
    dossier_version: u32,
    questions: Vec<Question>,
    context: &Context,
) -> Decision {
    holds(case, reviewer, None, context)?;
    on_current_dossier(case, dossier_version)?;
    if questions.is_empty() {
        return Err(Rejected::NoQuestion);
    }
    let bytes: usize = questions.iter().map(|question| question.field.len() + question.question.as_str().len()).sum();
    if questions.len() > MOST_QUESTIONS || bytes > MOST_QUESTION_BYTES {
        return Err(Rejected::TooManyQuestions);
    }
    let is_pointer = |field: &str| field.starts_with('/') && field.chars().count() <= LONGEST_FIELD && !field.contains(char::is_control);
    if let Some(index) = questions.iter().position(|question| !is_pointer(&question.field)) {
        return Err(Rejected::QuestionWithoutField { index });
    }
    let business_seconds_left = match case.due() {
        // Overdue is overdue: nothing is left, and nothing is owed.
        Some(due) => context.policy.calendar.business_seconds_between(context.now, due.at)?.max(0),
        None => 0,
    };
    Ok(vec![RegistrationEvent::InformationRequested { questions, business_seconds_left }])
}

pub(super) fn approve(case: &Case, reviewer: &Reviewer, dossier_version: u32, reason: Reason, context: &Context) -> Decision {
    holds(case, reviewer, None, context)?;
    on_current_dossier(case, dossier_version)?;
    filling::nobody_forgotten(case)?;
    let reviewer = reviewer.staff;
    if case.needs_two_people() {
        // What the first person found on another dossier counts for nothing.
        let proposal = case.stage.running_review().and_then(|review| review.proposal.as_ref());
        match proposal.filter(|proposal| proposal.dossier_version == dossier_version) {
            None => {
                return Ok(vec![
                    RegistrationEvent::ApprovalProposed { reviewer, dossier_version, reason },
                    // So that the second person can claim it.
                    RegistrationEvent::Released { reviewer, lapsed: false },
                ]);
            }
            Some(proposal) if proposal.reviewer == reviewer => return Err(Rejected::SecondApprovalBySamePerson),
            Some(_) => {}
        }
    }
    let window = SignedDuration::from_mins(i64::from(context.policy.undo_window_minutes));
    let effective_at = context.now.checked_add(window).unwrap_or(Timestamp::MAX);
    let mut events = vec![RegistrationEvent::Approved { reviewer, dossier_version, reason, effective_at }];
    if effective_at <= context.now {
        events.push(RegistrationEvent::ApprovalTookEffect { organization: case.organization });
    }
    Ok(events)
}

pub(super) fn reject(case: &Case, reviewer: &Reviewer, dossier_version: u32, reason: Reason, context: &Context) -> Decision {
    holds(case, reviewer, None, context)?;
    on_current_dossier(case, dossier_version)?;
    Ok(vec![RegistrationEvent::Rejected { reviewer: reviewer.staff, dossier_version, reason }])
}

/// A reviewer's finding that the company is registered already.
pub(super) struct Link {
    pub(super) dossier_version: u32,
    pub(super) organization: OrganizationId,
    pub(super) reason: Reason,
}

pub(super) fn link(case: &Case, reviewer: &Reviewer, link: Link, context: &Context) -> Decision {
    holds(case, reviewer, Some(link.organization), context)?;
    on_current_dossier(case, link.dossier_version)?;
    let invitation = match case.origin {
        Origin::Invitation { invitation, .. } => Some(invitation),
        Origin::Public => None,
    };
    Ok(vec![RegistrationEvent::LinkedToOrganization {
        reviewer: reviewer.staff,
        organization: link.organization,
        invitation,
        reason: link.reason,
    }])
}

pub(super) fn undo_approval(case: &Case, reviewer: &Reviewer, reason: Reason, context: &Context) -> Decision {
    match &case.stage {
        Stage::ApprovalPending { effective_at, .. } if *effective_at <= context.now => {
            Err(Rejected::UndoWindowOver { effective_at: *effective_at })
        }
        Stage::ApprovalPending { review, .. } => {
            uninvolved(case, reviewer, None)?;
            // Nobody outside was told of the approval: what the registrant was promised still holds.
            Ok(vec![RegistrationEvent::ApprovalUndone { reviewer: reviewer.staff, reason, due: review.due.clone() }])
        }
        Stage::Filling
        | Stage::Submitted(_)
        | Stage::InReview { .. }
        | Stage::InformationRequested { .. }
        | Stage::Approved { .. }
        | Stage::Rejected { .. }
        | Stage::Withdrawn
        | Stage::Expired
        | Stage::Linked { .. } => Err(Rejected::NoApprovalPending),
    }
}

pub(super) fn reopen(case: &Case, reviewer: &Reviewer, reason: Reason, context: &Context) -> Decision {
    match &case.stage {
        Stage::Rejected { .. } => {
            uninvolved(case, reviewer, None)?;
            Ok(vec![RegistrationEvent::Reopened { reviewer: reviewer.staff, reason, due: time::due_anew(context)? }])
        }
        Stage::Filling
        | Stage::Submitted(_)
        | Stage::InReview { .. }
        | Stage::InformationRequested { .. }
        | Stage::ApprovalPending { .. }
        | Stage::Approved { .. }
        | Stage::Withdrawn
        | Stage::Expired
        | Stage::Linked { .. } => Err(Rejected::NotRejected),
    }
}
