//! What time brings about, and by when something is due.

use jiff::Timestamp;

use super::{Decision, NOTHING_TO_DO};
use crate::calendar::CalendarProblem;
use crate::registration::events::RegistrationEvent;
use crate::registration::state::{Case, Notice, Review, Stage};
use crate::{Context, Due};

/// What has come about by now. Told again at the same instant, nothing has.
pub(super) fn pass(case: &Case, context: &Context) -> Vec<RegistrationEvent> {
    let now = context.now;
    match &case.stage {
        Stage::Filling if now >= case.expires_at => vec![RegistrationEvent::Expired {}],
        Stage::Submitted(review) => notice(review, now).into_iter().collect(),
        Stage::InReview { review, claim } => {
            let lapsed = claim.is_lapsed(now).then_some(RegistrationEvent::Released { reviewer: claim.reviewer, lapsed: true });
            lapsed.into_iter().chain(notice(review, now)).collect()
        }
        Stage::ApprovalPending { effective_at, .. } if now >= *effective_at => {
            vec![RegistrationEvent::ApprovalTookEffect { organization: case.organization }]
        }
        Stage::Filling
        | Stage::InformationRequested { .. }
        | Stage::ApprovalPending { .. }
        | Stage::Approved { .. }
        | Stage::Rejected { .. }
        | Stage::Withdrawn
        | Stage::Expired
        | Stage::Linked { .. } => NOTHING_TO_DO,
    }
}

/// What the staff is to be told. What is overdue is not due soon any more.
fn notice(review: &Review, now: Timestamp) -> Option<RegistrationEvent> {
    let due_at = review.due.at;
    if now >= due_at {
        (review.notice < Notice::Overdue).then_some(RegistrationEvent::ReviewOverdue { due_at })
    } else if now >= review.due.soon_at {
        (review.notice < Notice::DueSoon).then_some(RegistrationEvent::ReviewDueSoon { due_at })
    } else {
        None
    }
}

/// By when a case that comes to the reviewers now will be decided.
pub(super) fn due_anew(context: &Context) -> Result<Due, CalendarProblem> {
    let policy = &context.policy;
    policy.calendar.due(context.now, policy.review_business_days, policy.due_soon_business_hours)
}

/// The due instant as if the calendar in force had been so all along; but a change never makes a case overdue before it came.
/// Nothing for a case whose clock does not run: what is left of its business time is counted on when it goes on.
pub(super) fn move_due(case: &Case, changed_at: Timestamp, context: &Context) -> Decision {
    let Some(due) = case.due() else {
        return Ok(NOTHING_TO_DO);
    };
    let policy = &context.policy;
    if due.calendar_version == policy.calendar.version {
        return Ok(NOTHING_TO_DO);
    }
    let mut moved = policy.calendar.due_after(due.counted_from, due.business_seconds, policy.due_soon_business_hours)?;
    moved.at = moved.at.max(due.at.min(changed_at));
    if moved.at == due.at && moved.soon_at == due.soon_at {
        return Ok(NOTHING_TO_DO);
    }
    Ok(vec![RegistrationEvent::DueMoved { due: moved }])
}
