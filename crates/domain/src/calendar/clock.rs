//! Business time on a calendar (domain, "The business clock").
//!
//! Business time runs by the wall clock of the calendar's time zone, from opening to closing on every business day. Each
//! business day is worth the same, whatever the clocks do on it: an hour that is skipped within business hours passes at the
//! instant of the change, an hour that is repeated counts once, and a day that a change of the date line skips is no business
//! day. So a deadline keeps its wall-clock time across a change of the clocks.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{BusinessCalendar, CalendarProblem};

/// Tells business time on a calendar whose time zone is known, with hours and a weekday to do business on.
#[derive(Debug, Clone)]
pub struct BusinessClock<'a> {
    calendar: &'a BusinessCalendar,
    zone: TimeZone,
    day: SignedDuration,
}

impl<'a> BusinessClock<'a> {
    /// The clock of this calendar.
    ///
    /// # Errors
    /// The time zone is unknown, opening is not before closing, or no weekday has business hours.
    pub(super) fn new(calendar: &'a BusinessCalendar) -> Result<Self, CalendarProblem> {
        let zone = TimeZone::get(&calendar.time_zone).map_err(|_| CalendarProblem::UnknownTimeZone(calendar.time_zone.clone()))?;
        let day = calendar.opens.duration_until(calendar.closes);
        if day < SignedDuration::from_secs(1) {
            return Err(CalendarProblem::NoBusinessHours);
        }
        if let Some(unknown) = calendar.weekdays.iter().find(|day| !(1..=7).contains(*day)) {
            return Err(CalendarProblem::UnknownWeekday(*unknown));
        }
        if calendar.weekdays.is_empty() {
            return Err(CalendarProblem::NoWeekday);
        }
        Ok(Self { calendar, zone, day })
    }

    /// How long a business day is, in seconds of business time.
    #[must_use]
    pub fn day_seconds(&self) -> i64 {
        self.day.as_secs()
    }

    /// The instant at which so many seconds of business time have passed since `from`; `from` itself for none (or fewer).
    /// What would lie beyond the end of the calendar is [`Timestamp::MAX`].
    #[must_use]
    pub fn add(&self, from: Timestamp, seconds: i64) -> Timestamp {
        if seconds <= 0 {
            return from;
        }
        let mut left = SignedDuration::from_secs(seconds);
        let mut date = self.zone.to_datetime(from).date();
        loop {
            if self.is_business_day(date) {
                let passed = self.passed(date, from);
                if left <= self.day - passed {
                    return self.instant(date, passed + left);
                }
                left -= self.day - passed;
            }
            match date.tomorrow() {
                Ok(tomorrow) => date = tomorrow,
                Err(_) => return Timestamp::MAX,
            }
        }
    }

    /// How many whole seconds of business time pass from `a` to `b`; negative if `b` is earlier.
    #[must_use]
    pub fn between(&self, a: Timestamp, b: Timestamp) -> i64 {
        if b < a {
            return -self.between(b, a);
        }
        let mut total = SignedDuration::ZERO;
        let mut date = self.zone.to_datetime(a).date();
        // One day more: in a repeated hour around midnight the wall shows yesterday's date once again.
        let last = self.zone.to_datetime(b).date().saturating_add(1.day());
        while date <= last {
            if self.is_business_day(date) {
                total += self.passed(date, b) - self.passed(date, a);
            }
            match date.tomorrow() {
                Ok(tomorrow) => date = tomorrow,
                Err(_) => break,
            }
        }
        total.as_secs()
    }

    /// Whether business is done on this day: one of the weekdays, no holiday, and not skipped as a whole.
    #[must_use]
    pub fn is_business_day(&self, date: Date) -> bool {
        self.calendar.weekdays.contains(&date.weekday().to_monday_one_offset())
            && !self.calendar.holidays.contains(&date)
            && self.instant(date, SignedDuration::ZERO) < self.instant(date, self.day)
    }

    /// How much of this day's business time has passed at an instant. Never decreases with the instant.
    fn passed(&self, date: Date, at: Timestamp) -> SignedDuration {
        let wall = self.zone.to_datetime(at);
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        let furthest = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => wall,
            AmbiguousOffset::Fold { before, .. } => match ambiguous.earlier() {
                // The hour runs a second time: business time stands where the first run ended.
                Ok(first) if first < at => self.transition_after(first).map_or(wall, |change| before.to_datetime(change)),
                Ok(_) | Err(_) => wall,
            },
        };
        furthest.duration_since(date.to_datetime(self.calendar.opens)).clamp(SignedDuration::ZERO, self.day)
    }

    /// The instant at which so much of this day's business time has passed: the first time that the wall shows it.
    fn instant(&self, date: Date, passed: SignedDuration) -> Timestamp {
        let wall: DateTime = date.to_datetime(self.calendar.opens).saturating_add(passed);
        let ambiguous = self.zone.to_ambiguous_timestamp(wall);
        let earlier = ambiguous.earlier().unwrap_or(Timestamp::MAX);
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => earlier,
            AmbiguousOffset::Gap { .. } => self.transition_after(earlier).unwrap_or(earlier),
        }
    }

    /// The next change of the clocks after an instant.
    fn transition_after(&self, instant: Timestamp) -> Option<Timestamp> {
        self.zone.following(instant).next().map(|change| change.timestamp())
    }
}
