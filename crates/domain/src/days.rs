//! Days on the clock, as invitations count them: 24 hours each, whatever the calendar does. And years by the calendar.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// So many days of 24 hours later; the last instant there is, if that is nearer.
pub(crate) fn days_after(instant: Timestamp, days: u32) -> Timestamp {
    instant.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX)
}

/// So many days of 24 hours earlier; the first instant there is, if that is nearer.
pub(crate) fn days_before(instant: Timestamp, days: u32) -> Timestamp {
    instant.checked_sub(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MIN)
}

/// So many years later by the calendar (UTC); the last instant there is, if that is nearer.
pub(crate) fn years_after(instant: Timestamp, years: u32) -> Timestamp {
    let span = Span::new().try_years(years);
    let later = span.and_then(|span| instant.to_zoned(TimeZone::UTC).checked_add(span));
    later.map_or(Timestamp::MAX, |later| later.timestamp())
}
