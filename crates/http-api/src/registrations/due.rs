//! When something is due, for machines and for people.

use domain::Due;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// By when something is decided.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DueDate {
    /// The instant.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The time zone of the operator's business calendar.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// The instant in that time zone, in words.
    #[schema(example = "Tuesday, 3 March 2026, 15:00 (Europe/Berlin)")]
    pub in_words: String,
}

impl From<&Due> for DueDate {
    fn from(due: &Due) -> Self {
        Self { at: due.at, time_zone: due.time_zone.clone(), in_words: in_words(due.at, &due.time_zone) }
    }
}

/// An instant as people of this time zone say it. Of a time zone that is not known any more: in UTC.
pub(crate) fn in_words(at: Timestamp, time_zone: &str) -> String {
    let (zoned, name) = match at.in_tz(time_zone) {
        Ok(zoned) => (zoned, time_zone),
        Err(_) => (at.to_zoned(jiff::tz::TimeZone::UTC), "UTC"),
    };
    format!("{} ({name})", zoned.strftime("%A, %-d %B %Y, %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_date_is_told_in_its_time_zone() {
        let at: Timestamp = "2026-03-03T14:00:00Z".parse().unwrap();
        assert_eq!(in_words(at, "Europe/Berlin"), "Tuesday, 3 March 2026, 15:00 (Europe/Berlin)");
        assert_eq!(in_words(at, "Mars/Olympus"), "Tuesday, 3 March 2026, 14:00 (UTC)");
    }
}
