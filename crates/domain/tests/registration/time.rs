//! What time brings about.

use std::collections::BTreeSet;

use domain::Policy;
use domain::registration::{Notice, RegistrationCommand as Command, RegistrationEvent as Event, Stage};
use domain::testing::at;

use crate::cases::*;

const DUE: &str = "2026-03-04T10:00:00Z";
const SOON: &str = "2026-03-03T14:00:00Z";

fn pass() -> Command {
    Command::PassTime {}
}

fn tuesday_is_a_holiday() -> Policy {
    policy(|policy| {
        policy.calendar.version = 2;
        policy.calendar.holidays = BTreeSet::from(["2026-03-03".parse().unwrap_or_default()]);
    })
}

#[test]
fn before_its_time_nothing_comes_about() {
    started().when(pass()).then_nothing();
    submitted().at("2026-03-03T13:59:59Z").when(pass()).then_nothing();
    in_review().when(pass()).then_nothing();
}

#[test]
fn an_unsubmitted_registration_expires() {
    let case = filled().at("2026-05-01T10:00:00Z").when(pass()).then_events([Event::Expired {}]);
    case.when(pass()).then_nothing();
}

#[test]
fn a_submitted_registration_does_not_expire() {
    let case = submitted().at("2026-06-01T10:00:00Z").having(pass());
    assert!(matches!(case.state().case().unwrap().stage, Stage::Submitted(_)));
}

#[test]
fn the_staff_is_warned_once_before_and_once_at_the_due_instant() {
    let case = submitted().at(SOON).when(pass()).then_events([Event::ReviewDueSoon { due_at: at(DUE) }]);
    case.clone().when(pass()).then_nothing();
    let case = case.at(DUE).when(pass()).then_events([Event::ReviewOverdue { due_at: at(DUE) }]);
    case.at("2026-03-09T10:00:00Z").when(pass()).then_nothing();
}

#[test]
fn what_is_overdue_is_not_announced_as_due_soon() {
    let case = submitted().at(DUE).when(pass()).then_events([Event::ReviewOverdue { due_at: at(DUE) }]);
    case.when(pass()).then_nothing();
}

#[test]
fn a_claim_that_ran_out_is_released() {
    let case = in_review().after_minutes(60).when(pass()).then_events([Event::Released { reviewer: staff(1), lapsed: true }]);
    case.when(pass()).then_nothing();
}

#[test]
fn several_things_can_come_about_at_once() {
    in_review()
        .at(DUE)
        .when(pass())
        .then_events([Event::Released { reviewer: staff(1), lapsed: true }, Event::ReviewOverdue { due_at: at(DUE) }]);
}

#[test]
fn what_was_told_survives_claims_and_releases() {
    let case = submitted().at(SOON).having(pass()).having(claim(1)).after_minutes(60).having(pass());
    assert_eq!(case.state().case().unwrap().stage.running_review().unwrap().notice, Notice::DueSoon);
}

#[test]
fn a_decided_case_is_not_overdue() {
    let version = version(&in_review());
    in_review().having(reject(1, version)).at("2026-03-09T10:00:00Z").when(pass()).then_nothing();
}

#[test]
fn a_case_says_when_time_will_bring_something_about() {
    let deadline = |case: Case| case.state().case().and_then(domain::registration::Case::next_deadline);
    assert_eq!(deadline(started()), Some(at("2026-05-01T10:00:00Z")));
    assert_eq!(deadline(submitted()), Some(at(SOON)));
    assert_eq!(deadline(in_review()), Some(at("2026-03-02T11:00:00Z")));
    assert_eq!(deadline(submitted().at(SOON).having(pass())), Some(at(DUE)));
    assert_eq!(deadline(submitted().at(DUE).having(pass())), None);
}

#[test]
fn a_holiday_that_is_put_in_moves_the_due_instant_of_an_open_case_by_a_day() {
    let moved = Command::MoveDue { changed_at: at("2026-03-02T12:00:00Z") };
    let case = submitted().under(tuesday_is_a_holiday()).at("2026-03-02T12:00:00Z").having(moved.clone());
    let state = case.state();
    let due = state.case().unwrap().due().unwrap();
    assert_eq!((due.at, due.soon_at, due.calendar_version), (at("2026-03-05T10:00:00Z"), at("2026-03-04T14:00:00Z"), 2));
    case.when(moved).then_nothing();
}

#[test]
fn a_case_that_was_told_to_be_due_soon_is_told_anew_when_its_due_instant_moves() {
    let case = submitted().at(SOON).having(pass()).under(tuesday_is_a_holiday()).having(Command::MoveDue { changed_at: at(SOON) });
    assert_eq!(case.state().case().unwrap().stage.running_review().unwrap().notice, Notice::None);
    case.at("2026-03-04T14:00:00Z").when(pass()).then_events([Event::ReviewDueSoon { due_at: at("2026-03-05T10:00:00Z") }]);
}

#[test]
fn a_calendar_that_changes_nothing_for_a_case_leaves_it_alone() {
    let changed = policy(|policy| {
        policy.calendar.version = 2;
        policy.calendar.holidays = BTreeSet::from(["2026-12-25".parse().unwrap_or_default()]);
    });
    submitted().under(changed).when(Command::MoveDue { changed_at: at("2026-03-02T12:00:00Z") }).then_nothing();
    submitted().when(Command::MoveDue { changed_at: at("2026-03-02T12:00:00Z") }).then_nothing();
}

#[test]
fn a_change_of_the_calendar_makes_no_case_overdue_before_it_came() {
    let longer = policy(|policy| {
        policy.calendar.version = 2;
        policy.calendar.weekdays = (1..=7).collect();
        policy.calendar.opens = jiff::civil::time(0, 0, 0, 0);
    });
    // On the longer hours the sixteen would have been over on Tuesday at nine.
    let changed_at = at("2026-03-03T15:00:00Z");
    let case = submitted().under(longer).at("2026-03-03T15:00:00Z").having(Command::MoveDue { changed_at });
    assert_eq!(case.state().case().unwrap().due().unwrap().at, changed_at);
}

#[test]
fn a_case_that_is_overdue_already_stays_so_when_the_calendar_changes() {
    let changed = policy(|policy| {
        policy.calendar.version = 2;
        policy.due_soon_business_hours = 4;
    });
    let case = submitted().at(DUE).having(pass()).under(changed);
    case.when(Command::MoveDue { changed_at: at("2026-03-09T10:00:00Z") }).then_nothing();
}

#[test]
fn a_case_whose_clock_stands_does_not_move() {
    let moved = || Command::MoveDue { changed_at: at("2026-03-02T12:00:00Z") };
    filled().under(tuesday_is_a_holiday()).when(moved()).then_nothing();
    let version = version(&in_review());
    in_review().having(reject(1, version)).under(tuesday_is_a_holiday()).when(moved()).then_nothing();
}
