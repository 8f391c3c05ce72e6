//! Whatever is asked in whatever order, these hold:
//!
//! 1. Deciding the same thing on the same state gives the same answer, and never panics.
//! 2. The same command a second time yields no event: nothing, or a rejection. Never the effect twice.
//! 3. A rejection says a sentence and has a name in kebab-case.
//! 4. The dossier changes only while it is the registrant's: its version never decreases, and stays while it is frozen.
//! 5. Every nominee has a role; no two are one person, share an e-mail address or a one-time password.
//! 6. What is with the reviewers is complete: human check, profile, administrators, handovers, confirmed as it is.
//! 7. Whoever decides holds a claim that has not run out, on the dossier as it is, and has no tie to it.
//! 8. Where two people are needed, an approval follows a proposal of another person on the same dossier.
//! 9. What is approved, withdrawn, expired or linked stays so, whatever is asked.
//! 10. Time brings something about exactly from `next_deadline` on.
//! 11. An organization comes to be at most once.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::registration::{
    AdministratorRole, Affiliation, Case, Question, Registration, RegistrationCommand as Command, RegistrationEvent as Event,
    RegistrationState, Reviewer, Stage,
};
use domain::testing::{company, context, later, nominee, reason, text};
use domain::{Aggregate, Context, Message, Policy, Rejection};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::cases::*;

/// One thing that happens in a random sequence, before it is known on which dossier.
#[derive(Debug, Clone)]
struct Act {
    kind: u8,
    /// Who does it: a person or a reviewer. Reviewer 3 has a tie to the case.
    who: u128,
    role: AdministratorRole,
    choice: u8,
    /// How long after the one before, in minutes.
    after: i64,
}

fn act() -> impl Strategy<Value = Act> {
    let role = prop_oneof![Just(org_admin()), Just(app_admin(bscp())), Just(app_admin(sft()))];
    let after = prop_oneof![6 => Just(0), 6 => 1_i64..50, 2 => 60_i64..600, 1 => 1_000_i64..12_000];
    (0_u8..28, 1_u128..=3, role, 0_u8..4, after).prop_map(|(kind, who, role, choice, after)| Act { kind, who, role, choice, after })
}

const NAMES: [&str; 4] = ["Ada", "Bo", "Cy", "BO"];

fn some_reviewer(number: u128) -> Reviewer {
    match number {
        3 => Reviewer { affiliations: vec![Affiliation::Company(company("Rotor Works"))], ..reviewer(3) },
        other => reviewer(other),
    }
}

fn command(act: &Act, state: &RegistrationState) -> Command {
    let current = state.case().map_or(1, |case| case.dossier.version);
    // Mostly the dossier as it is, sometimes an older one.
    let dossier_version = if act.choice == 3 { current.saturating_sub(1) } else { current };
    let name = NAMES[usize::from(act.choice)];
    let one_time_password = password(act.who * 10 + u128::from(act.choice));
    let reviewer = some_reviewer(act.who);
    let reason = reason("because");
    match act.kind {
        0 => start(),
        1 => human(),
        2 | 3 => save_profile(["Rotor Works GmbH", "Rotor Works SE", "Blades Ltd", "Blades"][usize::from(act.choice)]),
        4..=6 => nominate(act.who, NAMES[usize::try_from(act.who - 1).unwrap_or(0)], act.role),
        7 => Command::CorrectAdministrator { nominee: nominee(act.who, name), one_time_password },
        8 | 9 => acknowledge(act.who),
        10 => Command::SelectAdministrator { nominee: person(act.who), role: act.role },
        11 => Command::DeselectAdministrator { nominee: person(act.who), role: act.role },
        12 => Command::ConfirmReview {},
        13 => Command::SubmitRegistration {},
        14 => Command::ResubmitRegistration { answer: None },
        15 if act.choice == 0 => Command::WithdrawRegistration { reason: None },
        15..=17 => Command::ClaimRegistration { reviewer },
        18 => Command::ReleaseRegistration { reviewer: staff(act.who) },
        19 => Command::TakeOverRegistration { reviewer },
        20 => {
            let questions = vec![Question { field: "/profile".to_owned(), question: text(Message::parse, "Which?") }];
            Command::RequestInformation { reviewer, dossier_version, questions }
        }
        21 => Command::RaiseRisk { signal: reason },
        22 | 23 => Command::ApproveRegistration { reviewer, dossier_version, reason },
        24 if act.choice < 2 => Command::RejectRegistration { reviewer, dossier_version, reason },
        24 => Command::ReopenRegistration { reviewer, reason },
        25 if act.choice < 2 => Command::LinkToOrganization { reviewer, dossier_version, organization: partner(), reason },
        25 => Command::UndoApproval { reviewer, reason },
        26 => Command::PassTime {},
        _ => Command::MoveDue { changed_at: context().now },
    }
}

/// A registration on its way, with everything that happened to it.
struct Run {
    state: RegistrationState,
    events: Vec<Event>,
    context: Context,
}

impl Run {
    /// From nothing, or from a dossier that is filled in or submitted, so that reviews are reached often enough.
    fn new(undo_window_minutes: u32, head_start: u8) -> Self {
        let policy = Policy { undo_window_minutes, claim_minutes: 30, registration_days: 6, ..Policy::default() };
        let case = [nothing, filled, submitted, in_review][usize::from(head_start)]();
        let context = Context { policy: Arc::new(policy), ..context() };
        Self { state: case.state(), events: Vec::new(), context }
    }

    fn step(&mut self, act: &Act) {
        self.context.now = later(self.context.now, act.after);
        let command = command(act, &self.state);
        let decided = Registration::decide(&self.state, command.clone(), &self.context);
        assert_eq!(decided, Registration::decide(&self.state, command.clone(), &self.context), "1: {command:?}");
        let events = match decided {
            Ok(events) => events,
            Err(rejection) => {
                assert!(!rejection.to_string().is_empty(), "3");
                assert!(rejection.code().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "3: {}", rejection.code());
                return;
            }
        };
        let before = self.state.clone();
        for event in &events {
            self.check_event(event, &command);
            self.state = Registration::evolve(std::mem::take(&mut self.state), event);
            self.events.push(event.clone());
        }
        if let Ok(again) = Registration::decide(&self.state, command.clone(), &self.context) {
            assert!(again.is_empty(), "2: {command:?} on {:?} yields {again:?}", self.state);
        }
        self.check_transition(&before, &events);
        self.check_state();
    }

    /// 7, 8, 11.
    fn check_event(&self, event: &Event, command: &Command) {
        if matches!(event, Event::ApprovalTookEffect { .. }) {
            assert!(!self.events.iter().any(|event| matches!(event, Event::ApprovalTookEffect { .. })), "11");
        }
        let (Event::ApprovalProposed { reviewer: by, .. }
        | Event::Approved { reviewer: by, .. }
        | Event::Rejected { reviewer: by, .. }
        | Event::LinkedToOrganization { reviewer: by, .. }) = event
        else {
            return;
        };
        let by = *by;
        let case = self.state.case().unwrap();
        let claim = case.stage.claim().unwrap();
        assert!(claim.reviewer == by && claim.until > self.context.now, "7: {command:?}");
        if by == staff(3) {
            let name = &case.dossier.profile.as_ref().unwrap().legal_name;
            let invited = case.company.as_ref().unwrap();
            panic!("7: somebody of {invited} decided on {name}");
        }
        if let Event::Approved { dossier_version, .. } = event {
            assert_eq!(*dossier_version, case.dossier.version, "7");
            let proposal = case.stage.running_review().and_then(|review| review.proposal.as_ref());
            if case.needs_two_people() {
                let proposal = proposal.unwrap();
                assert!(proposal.reviewer != by && proposal.dossier_version == *dossier_version, "8");
            }
        }
    }

    /// 4, 9.
    fn check_transition(&self, before: &RegistrationState, events: &[Event]) {
        let (Some(before), Some(after)) = (before.case(), self.state.case()) else { return };
        assert!(before.dossier.version <= after.dossier.version, "4");
        if !before.stage.is_editable() {
            assert_eq!(before.dossier, after.dossier, "4");
        }
        if matches!(before.stage, Stage::Approved { .. } | Stage::Withdrawn | Stage::Expired | Stage::Linked { .. }) {
            assert!(events.is_empty(), "9: {events:?}");
        }
    }

    /// 5, 6, 10.
    fn check_state(&self) {
        let Some(case) = self.state.case() else { return };
        check_nominees(case);
        if case.stage.running_review().is_some() || matches!(case.stage, Stage::ApprovalPending { .. } | Stage::Approved { .. }) {
            let dossier = &case.dossier;
            assert!(case.human_check.is_some() && dossier.profile.is_some() && dossier.is_confirmed(), "6");
            assert!(dossier.nominees.iter().all(|nominee| nominee.handover_acknowledged), "6");
            assert!(dossier.administrators(org_admin()).next().is_some(), "6");
            assert!(dossier.administrators(app_admin(bscp())).next().is_some(), "6");
        }
        let passed = Registration::decide(&self.state, Command::PassTime {}, &self.context).unwrap();
        let is_due = case.next_deadline().is_some_and(|deadline| deadline <= self.context.now);
        assert_eq!(!passed.is_empty(), is_due, "10: {:?} at {}", case.stage, self.context.now);
    }
}

fn check_nominees(case: &Case) {
    for (index, nominee) in case.dossier.nominees.iter().enumerate() {
        assert!(!nominee.roles.is_empty(), "5");
        for other in case.dossier.nominees.iter().skip(index + 1) {
            assert_ne!(nominee.person(), other.person(), "5");
            assert_ne!(nominee.one_time_password, other.one_time_password, "5");
            let email = |nominee: &domain::registration::Nominee| nominee.contact.get().unwrap().email.as_str().to_lowercase();
            assert_ne!(email(nominee), email(other), "5");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_in_whatever_order_the_rules_hold(
        undo_window in prop_oneof![Just(0_u32), Just(45)],
        head_start in 0_u8..4,
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut run = Run::new(undo_window, head_start);
        for act in &acts {
            run.step(act);
        }
    }
}

/// The property would say little if the sequences never left the beginning.
#[test]
fn the_random_sequences_reach_every_stage() {
    let mut runner = TestRunner::deterministic();
    let sequence = (0_u8..4, prop::collection::vec(act(), 1..120));
    let mut reached = BTreeSet::new();
    for round in 0..400 {
        let (head_start, acts) = sequence.new_tree(&mut runner).unwrap().current();
        let mut run = Run::new(45 * (round % 2), head_start);
        for act in &acts {
            run.step(act);
            reached.extend(run.state.case().map(|case| case.stage.name()));
        }
    }
    let every = [
        "approval_pending",
        "approved",
        "expired",
        "filling",
        "in_review",
        "information_requested",
        "linked",
        "rejected",
        "submitted",
        "withdrawn",
    ];
    assert_eq!(reached, BTreeSet::from(every));
}
