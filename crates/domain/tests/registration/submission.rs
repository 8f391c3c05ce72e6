//! Submission, answers, withdrawal.

use domain::RejectionKind::{Conflict, Gone};
use domain::registration::{
    Question, RegistrationCommand as Command, RegistrationEvent as Event, RegistrationRejection as Rejected, Stage, Step,
};
use domain::testing::{at, reason, text};
use domain::{Message, Personal};

use crate::cases::*;

fn ask() -> Command {
    let questions = vec![Question { field: "/profile/identifiers".to_owned(), question: text(Message::parse, "Which D-U-N-S number?") }];
    Command::RequestInformation { reviewer: reviewer(1), dossier_version: version(&in_review()), questions }
}

/// Asked an hour before the end of the Monday, six hours after submission.
fn asked() -> Case {
    submitted().at("2026-03-02T16:00:00Z").having(claim(1)).at("2026-03-02T16:00:00Z").having(ask())
}

#[test]
fn it_is_not_submitted_before_it_is_confirmed() {
    filled().when(Command::SubmitRegistration {}).then_rejected(Rejected::StepOutOfOrder { missing: Step::Review });
}

#[test]
fn what_was_changed_after_the_confirmation_is_confirmed_again() {
    let case = filled().having(Command::ConfirmReview {}).having(save_profile("Rotor Works SE"));
    case.clone().when(Command::SubmitRegistration {}).then_refused(Conflict, "review-not-confirmed");
    assert_eq!(case.having(Command::ConfirmReview {}).when(Command::SubmitRegistration {}).events().len(), 1);
}

#[test]
fn confirming_twice_confirms_once() {
    filled().having(Command::ConfirmReview {}).when(Command::ConfirmReview {}).then_nothing();
}

#[test]
fn the_handover_of_every_one_time_password_is_acknowledged_before_submission() {
    let case = with_profile()
        .having(nominate(ADA, "Ada", org_admin()))
        .having(nominate(BO, "Bo", app_admin(bscp())))
        .having(acknowledge(ADA))
        .having(Command::ConfirmReview {});
    case.clone().when(Command::SubmitRegistration {}).then_rejected(Rejected::HandoverNotAcknowledged(person(BO)));
    assert_eq!(case.having(acknowledge(BO)).when(Command::SubmitRegistration {}).events().len(), 1);
}

#[test]
fn acknowledging_twice_acknowledges_once() {
    filled().when(acknowledge(BO)).then_nothing();
}

#[test]
fn a_name_that_mixes_scripts_raises_a_risk_with_the_submission() {
    let case = filled().having(save_profile("R\u{43e}tor Works GmbH")).having(Command::ConfirmReview {});
    let events = case.clone().when(Command::SubmitRegistration {}).events();
    assert!(matches!(events.as_slice(), [Event::RiskRaised { .. }, Event::Submitted { .. }]), "{events:?}");
    // Once for the same name, however often it is handed in; an approval needs two people from then on.
    let case = case.and(events).at("2026-03-02T16:00:00Z").having(claim(1));
    assert!(case.state().case().unwrap().needs_two_people());
    let asked = case.clone().having(Command::RequestInformation {
        reviewer: reviewer(1),
        dossier_version: version(&case),
        questions: vec![Question { field: "/profile/phone".to_owned(), question: text(Message::parse, "Which number?") }],
    });
    let again = asked.having(Command::ConfirmReview {}).when(Command::ResubmitRegistration { answer: None }).events();
    assert!(matches!(again.as_slice(), [Event::Resubmitted { .. }]), "{again:?}");
}

#[test]
fn a_name_that_a_spreadsheet_would_compute_raises_a_risk_and_a_person_cannot_have_one() {
    let named = "=HYPERLINK(\"https://evil.example\";\"Rotor Works\")";
    let case = filled().having(save_profile(named)).having(Command::ConfirmReview {});
    let events = case.when(Command::SubmitRegistration {}).events();
    assert!(
        matches!(events.as_slice(), [Event::RiskRaised { signal }, Event::Submitted { .. }] if signal.as_str().contains("spreadsheet"))
    );
    for name in ["=1+1", "+cmd", "-2", "@SUM(A1)"] {
        assert!(domain::PersonName::parse(name).is_err(), "{name}");
    }
}

#[test]
fn it_is_submitted_once() {
    submitted().when(Command::SubmitRegistration {}).then_refused(Conflict, "already-submitted");
    asked().when(Command::SubmitRegistration {}).then_refused(Conflict, "already-submitted");
}

#[test]
fn nobody_is_submitted_who_was_forgotten() {
    let erased = filled().and([Event::AdministratorCorrected { nominee: Personal::erased(person(BO)), one_time_password: password(7) }]);
    let case = erased.having(acknowledge(BO)).having(Command::ConfirmReview {});
    case.when(Command::SubmitRegistration {}).then_rejected(Rejected::NomineeForgotten(person(BO)));
}

#[test]
fn the_dossier_is_frozen_once_submitted() {
    for case in [submitted(), in_review()] {
        case.clone().when(save_profile("Rotor Works SE")).then_refused(Conflict, "dossier-frozen");
        case.clone().when(nominate(CY, "Cy", org_admin())).then_refused(Conflict, "dossier-frozen");
        case.clone().when(acknowledge(BO)).then_refused(Conflict, "dossier-frozen");
        case.clone().when(Command::ConfirmReview {}).then_refused(Conflict, "dossier-frozen");
        case.when(Command::DeselectAdministrator { nominee: person(BO), role: app_admin(bscp()) }).then_refused(Conflict, "dossier-frozen");
    }
}

#[test]
fn a_decided_registration_is_not_changed() {
    let version = version(&in_review());
    in_review().having(reject(1, version)).when(save_profile("Rotor Works SE")).then_refused(Conflict, "already-decided");
    in_review().having(approve(1, version)).when(save_profile("Rotor Works SE")).then_refused(Conflict, "already-decided");
}

#[test]
fn asking_for_information_stops_the_business_clock_and_the_answer_lets_it_go_on() {
    // Submitted on the Monday at ten, asked at 16:00: six of sixteen hours have passed.
    let case = asked();
    assert!(
        matches!(case.state().case().unwrap().stage, Stage::InformationRequested { business_seconds_left, .. } if business_seconds_left == 10 * 3_600)
    );
    assert_eq!(case.state().case().unwrap().due(), None);
    // A week later, on the Monday at 16:00 again: one hour that day, eight on Tuesday, one on Wednesday.
    let answered = case.at("2026-03-09T16:00:00Z").when(Command::ResubmitRegistration { answer: None }).accepted();
    assert_eq!(answered.state().case().unwrap().due().unwrap().at, at("2026-03-11T10:00:00Z"));
}

#[test]
fn what_was_overdue_when_the_clock_stopped_is_due_at_once_when_it_goes_on() {
    let case = submitted().at("2026-03-05T12:00:00Z").having(claim(1)).at("2026-03-05T12:00:00Z").having(ask());
    assert!(matches!(case.state().case().unwrap().stage, Stage::InformationRequested { business_seconds_left: 0, .. }));
    let answered = case.at("2026-03-09T16:00:00Z").having(Command::ResubmitRegistration { answer: None });
    assert_eq!(answered.state().case().unwrap().due().unwrap().at, at("2026-03-09T16:00:00Z"));
}

#[test]
fn the_registrant_may_change_entries_while_information_is_awaited() {
    assert_eq!(asked().when(save_profile("Rotor Works SE")).events().len(), 1);
}

#[test]
fn changes_are_confirmed_before_the_registration_is_submitted_again() {
    let case = asked().having(save_profile("Rotor Works SE"));
    case.clone().when(Command::ResubmitRegistration { answer: None }).then_refused(Conflict, "review-not-confirmed");
    let answer = Some(text(Message::parse, "The company changed its form"));
    let case = case.having(Command::ConfirmReview {});
    let dossier_version = version(&case);
    let events = case.when(Command::ResubmitRegistration { answer: answer.clone() }).events();
    assert!(matches!(&events[..], [Event::Resubmitted { dossier_version: v, answer: a, .. }] if *v == dossier_version && *a == answer));
}

#[test]
fn only_what_was_asked_is_answered() {
    filled().when(Command::ResubmitRegistration { answer: None }).then_refused(Conflict, "no-information-requested");
    submitted().when(Command::ResubmitRegistration { answer: None }).then_refused(Conflict, "no-information-requested");
    asked()
        .having(Command::ResubmitRegistration { answer: None })
        .when(Command::ResubmitRegistration { answer: None })
        .then_refused(Conflict, "no-information-requested");
}

#[test]
fn an_answered_registration_waits_for_any_reviewer() {
    let case = asked().having(Command::ResubmitRegistration { answer: None });
    assert!(matches!(case.state().case().unwrap().stage, Stage::Submitted(_)));
    assert_eq!(case.when(claim(2)).events().len(), 1);
}

#[test]
fn it_can_be_withdrawn_until_it_is_decided() {
    let withdraw = || Command::WithdrawRegistration { reason: Some(reason("we found another way")) };
    for case in [started(), filled(), submitted(), in_review(), asked()] {
        let case = case.when(withdraw()).then_events([Event::Withdrawn { reason: Some(reason("we found another way")) }]);
        case.clone().when(withdraw()).then_nothing();
        case.clone().when(save_profile("Rotor Works SE")).then_refused(Gone, "registration-withdrawn");
        case.when(claim(1)).then_refused(Gone, "registration-withdrawn");
    }
    let version = version(&in_review());
    in_review().having(reject(1, version)).when(withdraw()).then_refused(Conflict, "already-decided");
    in_review().having(approve(1, version)).when(withdraw()).then_refused(Conflict, "already-decided");
    let pending = in_review().under(policy(|policy| policy.undo_window_minutes = 60)).having(approve(1, version));
    pending.when(withdraw()).then_refused(Conflict, "already-decided");
}
