//! The business clock (domain, "The business clock"), and the calendar that it runs on.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;

use domain::RejectionKind::{Conflict, Invalid};
use domain::calendar::{BusinessCalendar, Calendar, CalendarCommand, CalendarEvent, CalendarProblem, MOST_DAYS_CLOSED};
use domain::testing::{at, given};
use jiff::civil::{Date, date, time};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

const HOUR: i64 = 3_600;

fn calendar(time_zone: &str) -> BusinessCalendar {
    BusinessCalendar { time_zone: time_zone.to_owned(), ..BusinessCalendar::default() }
}

fn with_holidays(holidays: impl IntoIterator<Item = Date>) -> BusinessCalendar {
    BusinessCalendar { holidays: holidays.into_iter().collect(), ..BusinessCalendar::default() }
}

/// Open from midnight to eight, every day: the clocks change within business hours.
fn night_shift(time_zone: &str) -> BusinessCalendar {
    BusinessCalendar { opens: time(0, 0, 0, 0), closes: time(8, 0, 0, 0), weekdays: (1..=7).collect(), ..calendar(time_zone) }
}

#[track_caller]
fn due_in_two_days(calendar: &BusinessCalendar, from: &str) -> Timestamp {
    calendar.due(at(from), 2, 4).unwrap().at
}

#[test]
fn submitted_on_friday_at_three_it_is_due_on_tuesday_at_three() {
    assert_eq!(due_in_two_days(&calendar("UTC"), "2026-03-06T15:00:00Z"), at("2026-03-10T15:00:00Z"));
}

#[test]
fn submitted_on_saturday_it_is_due_on_tuesday_at_five() {
    assert_eq!(due_in_two_days(&calendar("UTC"), "2026-03-07T11:00:00Z"), at("2026-03-10T17:00:00Z"));
}

#[test]
fn submitted_before_opening_or_after_closing_business_time_waits_for_the_opening() {
    assert_eq!(due_in_two_days(&calendar("UTC"), "2026-03-02T06:00:00Z"), at("2026-03-03T17:00:00Z"));
    assert_eq!(due_in_two_days(&calendar("UTC"), "2026-03-02T17:00:00Z"), at("2026-03-04T17:00:00Z"));
    assert_eq!(due_in_two_days(&calendar("UTC"), "2026-03-02T23:30:00Z"), at("2026-03-04T17:00:00Z"));
}

#[test]
fn a_holiday_in_between_moves_the_due_instant_by_a_day() {
    let calendar = with_holidays([date(2026, 3, 9)]);
    assert_eq!(due_in_two_days(&calendar, "2026-03-06T15:00:00Z"), at("2026-03-11T15:00:00Z"));
    assert_eq!(due_in_two_days(&calendar, "2026-03-07T11:00:00Z"), at("2026-03-11T17:00:00Z"));
}

#[test]
fn a_holiday_on_a_saturday_moves_nothing() {
    assert_eq!(due_in_two_days(&with_holidays([date(2026, 3, 7)]), "2026-03-06T15:00:00Z"), at("2026-03-10T15:00:00Z"));
}

#[test]
fn business_hours_are_those_of_the_time_zone() {
    // 15:00 in New York in winter is 20:00 in UTC.
    assert_eq!(due_in_two_days(&calendar("America/New_York"), "2026-02-06T20:00:00Z"), at("2026-02-10T20:00:00Z"));
    // Friday 20:00 in UTC is Saturday in Auckland.
    assert_eq!(due_in_two_days(&calendar("Pacific/Auckland"), "2026-06-05T20:00:00Z"), at("2026-06-09T05:00:00Z"));
}

#[test]
fn a_deadline_keeps_its_wall_clock_time_when_the_clocks_change_over_the_weekend() {
    // New York goes from UTC-5 to UTC-4 on Sunday, 8 March 2026, and back on 1 November.
    assert_eq!(due_in_two_days(&calendar("America/New_York"), "2026-03-06T20:00:00Z"), at("2026-03-10T19:00:00Z"));
    assert_eq!(due_in_two_days(&calendar("America/New_York"), "2026-10-30T19:00:00Z"), at("2026-11-03T20:00:00Z"));
}

#[test]
fn a_day_on_which_an_hour_is_skipped_within_business_hours_counts_as_a_whole_day() {
    // Berlin skips 02:00 to 03:00 on Sunday, 29 March 2026: open 00:00 (23:00Z) to 08:00 (06:00Z), seven hours by the sun.
    let calendar = night_shift("Europe/Berlin");
    let saturday_at_four = at("2026-03-28T03:00:00Z");
    assert_eq!(calendar.add_business_time(saturday_at_four, 8 * HOUR), Ok(at("2026-03-29T02:00:00Z")), "Sunday at four");
    assert_eq!(calendar.business_seconds_between(at("2026-03-28T23:00:00Z"), at("2026-03-29T06:00:00Z")), Ok(8 * HOUR));
}

#[test]
fn what_falls_into_a_skipped_hour_is_at_the_instant_of_the_change() {
    let calendar = night_shift("Europe/Berlin");
    let midnight = at("2026-03-28T23:00:00Z");
    assert_eq!(calendar.add_business_time(midnight, 2 * HOUR), Ok(at("2026-03-29T01:00:00Z")));
    assert_eq!(calendar.add_business_time(midnight, 2 * HOUR + 1_800), Ok(at("2026-03-29T01:00:00Z")));
    assert_eq!(calendar.add_business_time(midnight, 3 * HOUR), Ok(at("2026-03-29T01:00:00Z")));
    assert_eq!(calendar.add_business_time(midnight, 3 * HOUR + 60), Ok(at("2026-03-29T01:01:00Z")));
}

#[test]
fn opening_in_a_skipped_hour_is_at_the_instant_of_the_change() {
    let calendar = BusinessCalendar { opens: time(2, 30, 0, 0), ..night_shift("Europe/Berlin") };
    assert_eq!(calendar.add_business_time(at("2026-03-29T00:00:00Z"), 1), Ok(at("2026-03-29T01:00:00Z")));
    assert_eq!(calendar.business_seconds_between(at("2026-03-29T00:00:00Z"), at("2026-03-29T06:00:00Z")), Ok(11 * HOUR / 2));
}

#[test]
fn an_hour_that_is_repeated_within_business_hours_counts_once() {
    // Berlin repeats 02:00 to 03:00 on Sunday, 25 October 2026: 00:00Z to 01:00Z, and again until 02:00Z.
    let calendar = night_shift("Europe/Berlin");
    let (opens, closes) = (at("2026-10-24T22:00:00Z"), at("2026-10-25T07:00:00Z"));
    assert_eq!(calendar.business_seconds_between(opens, closes), Ok(8 * HOUR));
    assert_eq!(calendar.business_seconds_between(at("2026-10-25T01:00:00Z"), at("2026-10-25T02:00:00Z")), Ok(0));
    assert_eq!(calendar.add_business_time(opens, 2 * HOUR + 1_800), Ok(at("2026-10-25T00:30:00Z")));
    assert_eq!(calendar.add_business_time(at("2026-10-25T01:30:00Z"), 60), Ok(at("2026-10-25T02:01:00Z")));
}

#[test]
fn an_hour_that_is_repeated_around_midnight_counts_once() {
    // Asuncion went back from 00:00 on Sunday, 26 March 2023, to 23:00 of the day before.
    let calendar = BusinessCalendar { opens: time(20, 0, 0, 0), closes: time(23, 59, 59, 0), ..night_shift("America/Asuncion") };
    let (before, after) = (at("2023-03-25T23:00:00Z"), at("2023-03-26T20:00:00Z"));
    assert_eq!(calendar.business_seconds_between(before, after), Ok(4 * HOUR - 1));
}

#[test]
fn the_first_minute_of_a_day_counts_once_although_the_day_before_comes_back() {
    // St. John's went back from 00:01 on Sunday, 7 November 2010 (02:31Z), to 23:01 of the Saturday.
    let calendar = night_shift("America/St_Johns");
    assert_eq!(calendar.business_seconds_between(at("2010-11-07T02:00:00Z"), at("2010-11-07T02:45:00Z")), Ok(60));
    assert_eq!(calendar.business_seconds_between(at("2010-11-07T02:45:00Z"), at("2010-11-07T03:31:00Z")), Ok(0));
    assert_eq!(calendar.add_business_time(at("2010-11-07T02:45:00Z"), 60), Ok(at("2010-11-07T03:32:00Z")));
}

#[test]
fn a_day_that_a_change_of_the_date_line_skips_is_no_business_day() {
    // Samoa had no Friday, 30 December 2011.
    let calendar = calendar("Pacific/Apia");
    let thursday_noon = at("2011-12-29T22:00:00Z");
    let monday_noon = at("2012-01-01T22:00:00Z");
    assert_eq!(calendar.add_business_time(thursday_noon, 8 * HOUR), Ok(monday_noon));
}

#[test]
fn what_is_due_soon_is_so_some_business_hours_before() {
    let due = calendar("UTC").due(at("2026-03-06T15:00:00Z"), 2, 4).unwrap();
    assert_eq!(due.soon_at, at("2026-03-10T11:00:00Z"));
    assert_eq!((due.counted_from, due.business_seconds), (at("2026-03-06T15:00:00Z"), 16 * HOUR));
    assert_eq!((due.time_zone.as_str(), due.calendar_version), ("UTC", 1));
}

#[test]
fn what_is_due_sooner_than_soon_is_due_soon_at_once() {
    let from = at("2026-03-06T15:00:00Z");
    assert_eq!(calendar("UTC").due_after(from, HOUR, 4).unwrap().soon_at, from);
}

#[test]
fn no_business_time_is_no_time() {
    let sunday = at("2026-03-08T11:00:00Z");
    assert_eq!(calendar("UTC").add_business_time(sunday, 0), Ok(sunday));
    assert_eq!(calendar("UTC").add_business_time(sunday, -5), Ok(sunday));
}

#[test]
fn more_business_time_than_the_calendar_has_ends_with_it() {
    assert_eq!(calendar("UTC").add_business_time(at("9999-11-01T00:00:00Z"), i64::MAX), Ok(Timestamp::MAX));
}

#[test]
fn a_calendar_that_cannot_be_used_is_refused() {
    let refused = |calendar: BusinessCalendar, problem| assert_eq!(calendar.validate(), Err(problem));
    refused(calendar("Mars/Olympus"), CalendarProblem::UnknownTimeZone("Mars/Olympus".to_owned()));
    refused(BusinessCalendar { opens: time(17, 0, 0, 0), ..calendar("UTC") }, CalendarProblem::NoBusinessHours);
    refused(BusinessCalendar { weekdays: BTreeSet::new(), ..calendar("UTC") }, CalendarProblem::NoWeekday);
    refused(BusinessCalendar { weekdays: BTreeSet::from([1, 8]), ..calendar("UTC") }, CalendarProblem::UnknownWeekday(8));
}

#[test]
fn holidays_leave_a_business_day_now_and_then() {
    let first = date(2026, 3, 2);
    let closed = |days: i32| with_holidays((0..days).map(|day| first.checked_add(day.days()).unwrap_or(first)));
    assert_eq!(closed(28).validate(), Ok(()));
    assert_eq!(closed(MOST_DAYS_CLOSED + 8).validate(), Err(CalendarProblem::ClosedTooLong(first)));
}

#[test]
fn a_calendar_is_adopted_with_a_greater_version() {
    let adopt = |calendar| CalendarCommand::AdoptCalendar { calendar };
    let second = BusinessCalendar { version: 2, ..with_holidays([date(2026, 12, 25)]) };
    let case = given::<Calendar>([]).when(adopt(calendar("UTC"))).then_events([CalendarEvent::Adopted { calendar: calendar("UTC") }]);
    case.clone().when(adopt(calendar("UTC"))).then_nothing();
    case.clone().when(adopt(calendar("Europe/Berlin"))).then_refused(Conflict, "calendar-version-not-greater");
    let case = case.when(adopt(second.clone())).then_events([CalendarEvent::Adopted { calendar: second.clone() }]);
    assert_eq!(case.state().in_force, Some(second));
    case.when(adopt(calendar("UTC"))).then_refused(Conflict, "calendar-version-not-greater");
}

#[test]
fn a_calendar_that_cannot_be_used_is_not_adopted() {
    let adopt = CalendarCommand::AdoptCalendar { calendar: calendar("Mars/Olympus") };
    given::<Calendar>([]).when(adopt).then_refused(Invalid, "calendar-time-zone-unknown");
}

/// Calendars as operators have them: the clocks do not change within their hours.
fn any_calendar() -> impl Strategy<Value = BusinessCalendar> {
    let zones =
        prop::sample::select(vec!["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe"]);
    let hours = (5_i8..12, 1_i8..12, 0_i8..60);
    let weekdays = prop::collection::btree_set(1_i8..=7, 1..=7);
    let holidays = prop::collection::btree_set((0_i32..400).prop_map(|day| date(2026, 1, 1).saturating_add(day.days())), 0..12);
    (zones, hours, weekdays, holidays).prop_map(|(zone, (opens, hours, minutes), weekdays, holidays)| BusinessCalendar {
        opens: time(opens, minutes, 0, 0),
        closes: time(opens + hours, minutes, 0, 0),
        weekdays,
        holidays,
        ..calendar(zone)
    })
}

/// An instant of the year 2026, to the microsecond.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    (1_767_225_600_000_000_i64..1_798_761_600_000_000).prop_map(|micros| Timestamp::from_microsecond(micros).unwrap_or_default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn so_much_business_time_passes_until_so_much_business_time_has_passed(
        calendar in any_calendar(), from in any_instant(), seconds in 0_i64..2_000_000,
    ) {
        let clock = calendar.clock().unwrap();
        prop_assert_eq!(clock.between(from, clock.add(from, seconds)), seconds);
    }

    #[test]
    fn more_business_time_and_a_later_beginning_never_end_earlier(
        calendar in any_calendar(), from in any_instant(), minutes in 0_i64..20_000, seconds in 0_i64..500_000, more in 0_i64..500_000,
    ) {
        let clock = calendar.clock().unwrap();
        prop_assert!(clock.add(from, seconds) <= clock.add(from, seconds + more));
        prop_assert!(clock.add(from, seconds) <= clock.add(domain::testing::later(from, minutes), seconds));
    }

    #[test]
    fn business_time_adds_up(calendar in any_calendar(), mut instants in prop::collection::vec(any_instant(), 3)) {
        instants.sort_unstable();
        // To the second: business time is counted in whole ones.
        for instant in &mut instants {
            *instant = Timestamp::from_second(instant.as_second()).unwrap();
        }
        let clock = calendar.clock().unwrap();
        let (a, b, c) = (instants[0], instants[1], instants[2]);
        prop_assert_eq!(clock.between(a, b) + clock.between(b, c), clock.between(a, c));
        prop_assert_eq!(clock.between(c, a), -clock.between(a, c));
    }

    #[test]
    fn a_due_instant_lies_in_business_hours_and_soon_before_it(calendar in any_calendar(), from in any_instant(), days in 1_u32..10) {
        let due = calendar.due(from, days, 4).unwrap();
        let zoned = due.at.to_zoned(jiff::tz::TimeZone::get(&calendar.time_zone).unwrap());
        prop_assert!(calendar.clock().unwrap().is_business_day(zoned.date()));
        prop_assert!(calendar.opens < zoned.time() && zoned.time() <= calendar.closes);
        prop_assert!(from <= due.soon_at && due.soon_at <= due.at);
    }

    #[test]
    fn even_where_the_clocks_change_within_business_hours_time_does_not_run_backwards(
        zone in prop::sample::select(vec!["Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "America/New_York"]),
        from in any_instant(), seconds in 0_i64..500_000, more in 0_i64..20_000,
    ) {
        let calendar = night_shift(zone);
        let clock = calendar.clock().unwrap();
        let (sooner, later) = (clock.add(from, seconds), clock.add(from, seconds + more));
        prop_assert!(sooner <= later);
        prop_assert!(clock.between(from, sooner) <= clock.between(from, later));
        prop_assert!(clock.between(from, sooner) >= seconds);
    }
}
