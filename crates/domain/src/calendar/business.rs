//! The business calendar, and due instants on it (domain, "The business clock").

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::{BusinessClock, CalendarProblem};
use crate::Due;

/// For how many days in a row a calendar may leave no business day.
pub const MOST_DAYS_CLOSED: i32 = 31;

const SECONDS_PER_HOUR: i64 = 3_600;

/// A business calendar: when business time passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusinessCalendar {
    /// Counts up with every change.
    pub version: u32,
    /// An IANA time zone, such as `America/New_York`.
    pub time_zone: String,
    /// Opening, local time.
    #[schemars(with = "String")]
    pub opens: Time,
    /// Closing, local time; later than opening.
    #[schemars(with = "String")]
    pub closes: Time,
    /// The days of the week with business hours: 1 is Monday, 7 is Sunday.
    pub weekdays: BTreeSet<i8>,
    /// Days without business hours.
    #[schemars(with = "BTreeSet<String>")]
    pub holidays: BTreeSet<Date>,
}

impl Default for BusinessCalendar {
    fn default() -> Self {
        Self {
            version: 1,
            time_zone: "UTC".to_owned(),
            opens: Time::constant(9, 0, 0, 0),
            closes: Time::constant(17, 0, 0, 0),
            weekdays: BTreeSet::from([1, 2, 3, 4, 5]),
            holidays: BTreeSet::new(),
        }
    }
}

impl BusinessCalendar {
    /// The clock that tells business time on this calendar.
    ///
    /// # Errors
    /// The time zone is unknown, opening is not before closing, or no weekday has business hours.
    pub fn clock(&self) -> Result<BusinessClock<'_>, CalendarProblem> {
        BusinessClock::new(self)
    }

    /// Whether deadlines can be kept on this calendar.
    ///
    /// # Errors
    /// As [`clock`](Self::clock); or holidays leave no business day for more than [`MOST_DAYS_CLOSED`] days in a row.
    pub fn validate(&self) -> Result<(), CalendarProblem> {
        let clock = self.clock()?;
        let mut open_until = Date::MIN;
        for holiday in &self.holidays {
            if *holiday < open_until {
                continue;
            }
            let next = (0..=MOST_DAYS_CLOSED).map(|days| holiday.saturating_add(days.days())).find(|day| clock.is_business_day(*day));
            open_until = next.ok_or(CalendarProblem::ClosedTooLong(*holiday))?;
        }
        Ok(())
    }

    /// When so much business time has passed since `from`.
    ///
    /// # Errors
    /// As [`clock`](Self::clock).
    pub fn add_business_time(&self, from: Timestamp, seconds: i64) -> Result<Timestamp, CalendarProblem> {
        Ok(self.clock()?.add(from, seconds))
    }

    /// How many seconds of business time pass from `a` to `b`; negative if `b` is earlier.
    ///
    /// # Errors
    /// As [`clock`](Self::clock).
    pub fn business_seconds_between(&self, a: Timestamp, b: Timestamp) -> Result<i64, CalendarProblem> {
        Ok(self.clock()?.between(a, b))
    }

    /// What is due so many business days after `from`, and due soon so many business hours before that.
    ///
    /// # Errors
    /// As [`clock`](Self::clock).
    pub fn due(&self, from: Timestamp, business_days: u32, soon_hours: u32) -> Result<Due, CalendarProblem> {
        let seconds = self.clock()?.day_seconds().saturating_mul(i64::from(business_days));
        self.due_after(from, seconds, soon_hours)
    }

    /// What is due after so much business time from `from` on, and due soon so many business hours before that.
    ///
    /// # Errors
    /// As [`clock`](Self::clock).
    pub fn due_after(&self, from: Timestamp, business_seconds: i64, soon_hours: u32) -> Result<Due, CalendarProblem> {
        let clock = self.clock()?;
        let soon_seconds = business_seconds - SECONDS_PER_HOUR * i64::from(soon_hours);
        Ok(Due {
            at: clock.add(from, business_seconds),
            soon_at: clock.add(from, soon_seconds),
            counted_from: from,
            business_seconds,
            time_zone: self.time_zone.clone(),
            calendar_version: self.version,
        })
    }
}
