//! Who works on a case.

use domain::RejectionKind::{Conflict, Gone};
use domain::registration::{RegistrationCommand as Command, RegistrationEvent as Event, RegistrationRejection as Rejected, Stage};
use domain::testing::{NOW, at, later, reason};

use crate::cases::*;

fn claimed(number: u128, minutes: i64) -> Event {
    Event::Claimed { reviewer: staff(number), until: later(at(NOW), minutes), taken_over_from: None }
}

fn take_over(number: u128) -> Command {
    Command::TakeOverRegistration { reviewer: reviewer(number) }
}

#[test]
fn a_submitted_registration_is_claimed_for_as_long_as_the_policy_says() {
    submitted().when(claim(1)).then_events([claimed(1, 60)]);
    submitted().under(policy(|policy| policy.claim_minutes = 15)).when(claim(1)).then_events([claimed(1, 15)]);
}

#[test]
fn two_reviewers_do_not_claim_one_case() {
    in_review().when(claim(2)).then_rejected(Rejected::ClaimedByAnother { until: later(at(NOW), 60) });
}

#[test]
fn the_same_reviewer_renews_a_claim() {
    in_review().after_minutes(30).when(claim(1)).then_events([claimed(1, 90)]);
}

#[test]
fn the_same_claim_at_the_same_instant_is_one_claim() {
    in_review().when(claim(1)).then_nothing();
}

#[test]
fn a_claim_that_ran_out_can_be_taken_by_anyone() {
    in_review().after_minutes(59).when(claim(2)).then_refused(Conflict, "claimed-by-another");
    in_review().after_minutes(60).when(claim(2)).then_events([Event::Released { reviewer: staff(1), lapsed: true }, claimed(2, 120)]);
    in_review().after_minutes(60).when(claim(1)).then_events([Event::Released { reviewer: staff(1), lapsed: true }, claimed(1, 120)]);
}

#[test]
fn a_reviewer_gives_a_case_back() {
    let release = |number| Command::ReleaseRegistration { reviewer: staff(number) };
    in_review().when(release(2)).then_refused(Conflict, "claimed-by-another");
    let case = in_review().when(release(1)).then_events([Event::Released { reviewer: staff(1), lapsed: false }]);
    assert!(matches!(case.state().case().unwrap().stage, Stage::Submitted(_)));
    case.clone().when(release(1)).then_nothing();
    case.when(claim(2)).then_events([claimed(2, 60)]);
}

#[test]
fn a_lead_takes_a_case_over() {
    let taken = Event::Claimed { reviewer: staff(2), until: later(at(NOW), 60), taken_over_from: Some(staff(1)) };
    let case = in_review().when(take_over(2)).then_events([taken]);
    case.clone().when(take_over(2)).then_nothing();
    case.when(claim(1)).then_refused(Conflict, "claimed-by-another");
}

#[test]
fn what_nobody_works_on_is_taken_over_from_nobody() {
    submitted().when(take_over(2)).then_events([claimed(2, 60)]);
    in_review().after_minutes(61).when(take_over(2)).then_events([Event::Released { reviewer: staff(1), lapsed: true }, claimed(2, 121)]);
}

#[test]
fn only_what_was_submitted_is_claimed() {
    filled().when(claim(1)).then_refused(Conflict, "not-submitted");
    filled().and([Event::Expired {}]).when(claim(1)).then_refused(Gone, "registration-expired");
    let version = version(&in_review());
    in_review().having(reject(1, version)).when(claim(1)).then_refused(Conflict, "already-decided");
}

#[test]
fn the_claiming_reviewer_decides_and_nobody_else() {
    let version = version(&submitted());
    submitted().when(approve(1, version)).then_rejected(Rejected::NotClaimed);
    in_review().when(approve(2, version)).then_rejected(Rejected::ClaimedByAnother { until: later(at(NOW), 60) });
    in_review().when(reject(2, version)).then_rejected(Rejected::ClaimedByAnother { until: later(at(NOW), 60) });
}

#[test]
fn nobody_decides_on_a_claim_that_ran_out() {
    let version = version(&in_review());
    let late = in_review().after_minutes(60);
    late.clone().when(approve(1, version)).then_rejected(Rejected::ClaimLapsed { until: later(at(NOW), 60) });
    late.when(reject(2, version)).then_rejected(Rejected::NotClaimed);
}

#[test]
fn something_that_speaks_for_care_is_raised_until_the_decision() {
    let raise = || Command::RaiseRisk { signal: reason("the mail domain was registered yesterday") };
    for case in [started(), submitted(), in_review()] {
        let case = case.when(raise()).then_events([Event::RiskRaised { signal: reason("the mail domain was registered yesterday") }]);
        assert!(case.state().case().unwrap().needs_two_people());
        case.when(raise()).then_nothing();
    }
    let version = version(&in_review());
    in_review().having(reject(1, version)).when(raise()).then_refused(Conflict, "already-decided");
}
