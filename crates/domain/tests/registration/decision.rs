//! What a reviewer decides.

use domain::RejectionKind::{Conflict, Forbidden, Invalid, Stale};
use domain::registration::{
    MOST_QUESTIONS, Origin, Question, RegistrationCommand as Command, RegistrationEvent as Event, RegistrationRejection as Rejected, Stage,
};
use domain::testing::{NOW, at, later, reason, registrant, text, uuid};
use domain::{InvitationId, Message, OrganizationId, Personal, Rejection};

use crate::cases::*;

fn questions(field: &str, count: usize) -> Vec<Question> {
    vec![Question { field: field.to_owned(), question: text(Message::parse, "Which one?") }; count]
}

fn ask(questions: Vec<Question>) -> Command {
    Command::RequestInformation { reviewer: reviewer(1), dossier_version: version(&in_review()), questions }
}

/// An application asks for two people.
fn four_eyes() -> Case {
    let mut one = requested(sft());
    one.four_eyes = true;
    let start = Command::StartRegistration {
        invited_by: vec![],
        id: id(),
        origin: Origin::Public,
        registrant: registrant(ADA, "Ada"),
        company: None,
        applications: vec![one],
    };
    nothing()
        .having(start)
        .having(human())
        .having(save_profile("Rotor Works GmbH"))
        .having(nominate(BO, "Bo", org_admin()))
        .having(acknowledge(BO))
        .having(Command::ConfirmReview {})
        .having(Command::SubmitRegistration {})
        .having(claim(1))
}

fn undoable() -> Case {
    in_review().under(policy(|policy| policy.undo_window_minutes = 30)).having(approve(1, version(&in_review())))
}

fn undo() -> Command {
    Command::UndoApproval { reviewer: reviewer(2), reason: reason("wrong case") }
}

fn reopen() -> Command {
    Command::ReopenRegistration { reviewer: reviewer(2), reason: reason("the register was out of date") }
}

#[test]
fn questions_are_asked_field_by_field() {
    in_review().when(ask(vec![])).then_refused(Invalid, "no-question");
    in_review().when(ask(questions("identifiers", 1))).then_rejected(Rejected::QuestionWithoutField { index: 0 });
    in_review().when(ask(questions("/profile/\u{7}", 1))).then_refused(Invalid, "question-without-field");
    in_review().when(ask(questions("/profile", MOST_QUESTIONS + 1))).then_refused(Invalid, "too-many-questions");
    let long = Question { field: "/profile".to_owned(), question: text(Message::parse, &"x".repeat(2_000)) };
    in_review().when(ask(vec![long; 15])).then_refused(Invalid, "too-many-questions");
    let asked = questions("/profile/identifiers", 2);
    in_review().when(ask(asked.clone())).then_events([Event::InformationRequested { questions: asked, business_seconds_left: 16 * 3_600 }]);
}

#[test]
fn nothing_is_decided_while_information_is_awaited() {
    let case = in_review().having(ask(questions("/profile", 1)));
    let version = version(&case);
    case.clone().when(approve(1, version)).then_refused(Conflict, "information-awaited");
    case.clone().when(claim(2)).then_refused(Conflict, "information-awaited");
    case.when(ask(questions("/profile", 1))).then_refused(Conflict, "information-awaited");
}

#[test]
fn a_decision_on_another_version_of_the_dossier_is_refused_with_what_changed() {
    let seen = version(&in_review());
    let case = in_review()
        .having(ask(questions("/profile", 1)))
        .having(save_profile("Rotor Works SE"))
        .having(Command::ConfirmReview {})
        .having(Command::ResubmitRegistration { answer: None })
        .having(claim(1));
    for decision in [approve(1, seen), reject(1, seen)] {
        let rejection = case.clone().when(decision).rejection();
        assert_eq!((rejection.kind(), rejection.code()), (Stale, "dossier-changed"));
        assert_eq!(rejection.changed(), ["/profile/legal_name"]);
    }
    case.when(approve(1, seen + 9)).then_refused(Invalid, "dossier-version-unknown");
}

#[test]
fn an_approval_takes_effect_at_once_without_an_undo_window() {
    let dossier_version = version(&in_review());
    in_review().when(approve(1, dossier_version)).then_events([
        Event::Approved { reviewer: staff(1), dossier_version, reason: reason("all checked"), effective_at: at(NOW) },
        Event::ApprovalTookEffect { organization: organization() },
    ]);
}

#[test]
fn an_approval_with_an_undo_window_creates_nothing_until_it_is_over() {
    let dossier_version = version(&in_review());
    let case = in_review().under(policy(|policy| policy.undo_window_minutes = 30)).when(approve(1, dossier_version)).then_events([
        Event::Approved { reviewer: staff(1), dossier_version, reason: reason("all checked"), effective_at: later(at(NOW), 30) },
    ]);
    case.clone().after_minutes(29).when(Command::PassTime {}).then_nothing();
    let case = case.after_minutes(30).when(Command::PassTime {}).then_events([Event::ApprovalTookEffect { organization: organization() }]);
    case.when(Command::PassTime {}).then_nothing();
}

#[test]
fn an_approval_is_undone_within_its_window_and_the_promised_date_stays() {
    let due = submitted().state().case().unwrap().due().unwrap().clone();
    let case = undoable().after_minutes(29).when(undo()).then_events([Event::ApprovalUndone {
        reviewer: staff(2),
        reason: reason("wrong case"),
        due,
    }]);
    assert!(matches!(case.state().case().unwrap().stage, Stage::Submitted(_)));
    case.clone().when(undo()).then_refused(Conflict, "no-approval-pending");
    assert_eq!(case.when(claim(2)).events().len(), 1);
}

#[test]
fn an_approval_is_not_undone_after_its_window() {
    undoable().after_minutes(30).when(undo()).then_rejected(Rejected::UndoWindowOver { effective_at: later(at(NOW), 30) });
    undoable().after_minutes(30).having(Command::PassTime {}).when(undo()).then_refused(Conflict, "no-approval-pending");
    in_review().when(undo()).then_refused(Conflict, "no-approval-pending");
}

#[test]
fn it_is_decided_once() {
    let version = version(&in_review());
    for case in [in_review().having(approve(1, version)), in_review().having(reject(1, version)), undoable()] {
        case.clone().when(approve(1, version)).then_refused(Conflict, "already-decided");
        case.when(reject(1, version)).then_refused(Conflict, "already-decided");
    }
}

#[test]
fn a_rejection_tells_the_registrant_why() {
    let dossier_version = version(&in_review());
    in_review().when(reject(1, dossier_version)).then_events([Event::Rejected {
        reviewer: staff(1),
        dossier_version,
        reason: reason("not the company"),
    }]);
}

#[test]
fn a_mistaken_rejection_is_reopened_with_a_due_date_of_its_own() {
    let version = version(&in_review());
    let case = in_review().having(reject(1, version)).at("2026-03-10T12:00:00Z").having(reopen());
    let state = case.state();
    let review = state.case().unwrap().stage.running_review().unwrap();
    assert_eq!(review.due.at, at("2026-03-12T12:00:00Z"));
    case.clone().when(reopen()).then_refused(Conflict, "not-rejected");
    assert_eq!(case.having(claim(1)).when(approve(1, version)).events().len(), 2);
    in_review().when(reopen()).then_refused(Conflict, "not-rejected");
}

#[test]
fn two_people_approve_where_an_application_asks_for_it() {
    let version = version(&four_eyes());
    let case = four_eyes().when(approve(1, version)).then_events([
        Event::ApprovalProposed { reviewer: staff(1), dossier_version: version, reason: reason("all checked") },
        Event::Released { reviewer: staff(1), lapsed: false },
    ]);
    let events = case.having(claim(2)).when(approve(2, version)).events();
    assert!(matches!(&events[..], [Event::Approved { reviewer, .. }, Event::ApprovalTookEffect { .. }] if *reviewer == staff(2)));
}

#[test]
fn two_people_approve_where_something_speaks_for_care() {
    let version = version(&in_review());
    let case = in_review().having(Command::RaiseRisk { signal: reason("the mail domain was registered yesterday") });
    assert!(matches!(case.when(approve(1, version)).events()[..], [Event::ApprovalProposed { .. }, Event::Released { .. }]));
}

#[test]
fn the_first_of_two_people_is_not_the_second() {
    let version = version(&four_eyes());
    let case = four_eyes().having(approve(1, version)).having(claim(1));
    case.clone().when(approve(1, version)).then_refused(Forbidden, "second-approval-by-same-person");
    // But they may think better of it.
    assert_eq!(case.when(reject(1, version)).events().len(), 1);
}

#[test]
fn what_the_first_person_found_on_another_dossier_counts_for_nothing() {
    let before = version(&four_eyes());
    let ask = Command::RequestInformation { reviewer: reviewer(2), dossier_version: before, questions: questions("/profile", 1) };
    let case = four_eyes()
        .having(approve(1, before))
        .having(claim(2))
        .having(ask.clone())
        .having(save_profile("Rotor Works SE"))
        .having(Command::ConfirmReview {})
        .having(Command::ResubmitRegistration { answer: None })
        .having(claim(2));
    let after = version(&case);
    assert!(matches!(case.when(approve(2, after)).events()[..], [Event::ApprovalProposed { .. }, Event::Released { .. }]));
    // Answered without a change, it still counts.
    let unchanged = four_eyes()
        .having(approve(1, before))
        .having(claim(2))
        .having(ask)
        .having(Command::ResubmitRegistration { answer: None })
        .having(claim(2));
    assert!(matches!(unchanged.when(approve(2, before)).events()[..], [Event::Approved { .. }, Event::ApprovalTookEffect { .. }]));
}

#[test]
fn an_undone_approval_needs_two_people_again() {
    let version = version(&four_eyes());
    let case = four_eyes()
        .under(policy(|policy| policy.undo_window_minutes = 30))
        .having(approve(1, version))
        .having(claim(2))
        .having(approve(2, version))
        .having(undo())
        .having(claim(2));
    assert!(matches!(case.when(approve(2, version)).events()[..], [Event::ApprovalProposed { .. }, Event::Released { .. }]));
}

#[test]
fn nobody_is_approved_who_was_forgotten() {
    let erased = in_review().and([Event::AdministratorCorrected { nominee: Personal::erased(person(BO)), one_time_password: password(7) }]);
    let version = version(&erased);
    erased.clone().when(approve(1, version)).then_rejected(Rejected::NomineeForgotten(person(BO)));
    assert_eq!(erased.when(reject(1, version)).events().len(), 1);
}

#[test]
fn a_case_is_linked_to_the_organization_that_the_company_already_is() {
    let elsewhere = OrganizationId(uuid(0x0299));
    let link = |number, dossier_version| Command::LinkToOrganization {
        reviewer: reviewer(number),
        dossier_version,
        organization: elsewhere,
        reason: reason("registered in 2024"),
    };
    let version = version(&in_review());
    in_review().when(link(2, version)).then_refused(Conflict, "claimed-by-another");
    let case = in_review().when(link(1, version)).then_events([Event::LinkedToOrganization {
        reviewer: staff(1),
        organization: elsewhere,
        invitation: Some(InvitationId(uuid(0x0500))),
        reason: reason("registered in 2024"),
    }]);
    case.when(link(1, version)).then_refused(Conflict, "already-decided");
}
