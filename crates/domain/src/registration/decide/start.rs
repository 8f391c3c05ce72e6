//! The beginning.

use jiff::{SignedDuration, Timestamp};

use super::{Decision, NOTHING_TO_DO};
use crate::registration::MOST_APPLICATIONS;
use crate::registration::error::RegistrationRejection;
use crate::registration::events::{Origin, RegistrationEvent, RequestedApplication};
use crate::registration::state::RegistrationState;
use crate::{CaseNumber, CompanyName, Context, OrganizationId, Personal, Registrant, RegistrationId, StaffId};

/// What a registration begins with.
pub(super) struct Start {
    pub(super) id: RegistrationId,
    pub(super) origin: Origin,
    pub(super) invited_by: Vec<StaffId>,
    pub(super) registrant: Personal<Registrant>,
    pub(super) company: Option<CompanyName>,
    pub(super) applications: Vec<RequestedApplication>,
}

pub(super) fn start(state: &RegistrationState, start: Start, context: &Context) -> Decision {
    if let Some(case) = state.case() {
        let is_the_same = case.origin == start.origin && case.registrant.person() == start.registrant.person();
        return if is_the_same { Ok(NOTHING_TO_DO) } else { Err(RegistrationRejection::AlreadyStarted) };
    }
    if start.applications.is_empty() {
        return Err(RegistrationRejection::NoApplication);
    }
    if start.applications.len() > MOST_APPLICATIONS {
        return Err(RegistrationRejection::TooManyApplications);
    }
    let mut ids: Vec<_> = start.applications.iter().map(|requested| requested.application).collect();
    ids.sort_unstable();
    if let Some(repeated) = ids.windows(2).find_map(|pair| pair.first().filter(|first| pair.last() == Some(first))) {
        return Err(RegistrationRejection::ApplicationRepeated(*repeated));
    }
    Ok(vec![RegistrationEvent::Started {
        origin: start.origin,
        case_number: CaseNumber::derive(context.derive("case-number")),
        registrant: start.registrant,
        company: start.company,
        applications: start.applications,
        organization: OrganizationId::derive(start.id.0, "organization"),
        expires_at: days_after(context.now, context.policy.registration_days),
        invited_by: start.invited_by,
    }])
}

fn days_after(instant: Timestamp, days: u32) -> Timestamp {
    instant.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}
