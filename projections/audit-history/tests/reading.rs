//! Events as sentences, and the state as it was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot have what it needs has failed")]

#[path = "../../directory/tests/log/mod.rs"]
mod log;

use audit_history::narrate::{ERASED, Glossary, narrate, narrate_all};
use audit_history::state_at::{Snapshot, difference, state_at};
use domain::person::PersonEvent;
use domain::registration::RegistrationEvent;
use domain::service::{Sees, ServiceEvent};
use domain::user::UserEvent;
use domain::{Actor, DomainEvent, OrganizationId, Personal, RegistrationId, ServiceId, ServiceName, StaffId};
use log::{Company, Log, by, id, prelude, reason, recorded_at};
use projection_runtime::Envelope;
use serde_json::{Value, json};

fn a_company() -> Company {
    Company::new(7)
}

fn a_life() -> Log {
    Log::of([prelude(), a_company().life()].concat())
}

fn lines_of(log: &Log) -> Vec<String> {
    narrate_all(log.events.iter().map(|envelope| &**envelope)).iter().map(ToString::to_string).collect()
}

fn state_of(log: &Log, until: Option<u64>) -> Snapshot {
    state_at(log.events.iter().map(|envelope| &**envelope), until.map(recorded_at))
}

/// The position of the event of this version of the case.
fn of_case(log: &Log, version: u64) -> u64 {
    let key = a_company().case().0;
    log.events.iter().find(|envelope| envelope.event.key() == key && envelope.version == version).unwrap().position.0
}

#[test]
fn a_decision_reads_with_who_what_on_which_version_and_why() {
    let log = a_life();
    let lines = lines_of(&log);
    let approved = format!(
        "Rita Berg of the staff approved the registration GH-CASE-0007 on dossier version 4, to take effect at {}: all in order",
        recorded_at(0)
    );
    assert!(lines.contains(&approved), "{lines:#?}");
}

#[test]
fn a_line_says_when_and_from_where() {
    let log = a_life();
    let line = narrate(&log.events[0], &Glossary::default());
    assert_eq!((line.position, line.at, line.from.as_str()), (1, recorded_at(1), "http 192.0.2.0/24"));
    assert_eq!(line.who, "The operator");
    assert_eq!(line.what, "appointed Rita Berg to the staff as review lead, reviewer");
}

#[test]
fn everything_in_a_life_reads_as_a_sentence_with_names_and_without_ids() {
    let lines = lines_of(&a_life());
    for expected in [
        "invited Müller & Söhne 7 GmbH for Partner Aerospace, Inc. to SFT, addressed to Anna Berg",
        "asked the registrant of the registration GH-CASE-0007 for information with 1 h 02 min of business time left to decide: \
         /profile/identifiers: Which one?",
        "created the account GH-0007-2 of Bert Berg at Müller & Söhne 7 GmbH, administrator of SFT, with the approval of the \
         registration GH-CASE-0007",
        "Anna Berg of Müller & Söhne 7 GmbH denied access of Cleo Berg of Müller & Söhne 7 GmbH to SFT for Bert Berg: not yet",
        "ended the relationship of Müller & Söhne 7 GmbH with Partner Aerospace, Inc.: contract over",
        "sent the mail registration_acknowledged after 1 attempt",
    ] {
        assert!(lines.iter().any(|line| line.contains(expected)), "no line says {expected:?} in {lines:#?}");
    }
    // An id is shown where the event is about the key or the credential itself.
    let with_ids = lines.iter().filter(|line| line.contains("0198") && !line.contains("credential") && !line.contains("key of person"));
    assert_eq!(
        with_ids.collect::<Vec<_>>(),
        ["Gatehouse (test) registered Partner Aerospace, Inc. (DE) from registration \
         01980000-0000-8000-8000-000000000006, administered by person 01980000-0000-8000-8000-000000000007"]
    );
}

#[test]
fn a_forgotten_person_reads_as_erased() {
    let company = a_company();
    let erased = UserEvent::Created {
        organization: company.organization(),
        organization_name: domain::CompanyName::parse("Acme").unwrap(),
        user_id: company.user_id(1),
        contact: Personal::erased(company.anna()),
        roles: Vec::new(),
        one_time_password: company.credential(1),
        origin: domain::user::UserOrigin::Approval(company.case()),
    };
    let log = Log::of([by(Actor::Operator, (company.anna(), erased))]);
    let lines = lines_of(&log);
    assert!(lines[0].starts_with(&format!("The operator created the account GH-0007-1 of {ERASED} at Acme")), "{lines:?}");
    let shown = state_of(&log, None);
    assert_eq!(shown.things[&format!("user/{}", company.anna())]["contact"], ERASED);
}

#[test]
fn what_nobody_has_named_reads_by_its_id() {
    let (case, staff) = (RegistrationId(id(900)), StaffId(id(901)));
    let rejected = RegistrationEvent::Rejected { reviewer: staff, dossier_version: 2, reason: reason("no such company") };
    let log = Log::of([by(Actor::Staff(staff), (case, rejected))]);
    let expected = format!("Staff member {staff} rejected registration {case} on dossier version 2: no such company");
    assert_eq!(lines_of(&log), [expected]);
    let mut names = Glossary::default();
    names.call(case.0, "GH-1234");
    names.call(staff.0, "Rita");
    assert_eq!(
        narrate(&log.events[0], &names).to_string(),
        "Rita of the staff rejected the registration GH-1234 on dossier version 2: no such company"
    );
}

fn field(snapshot: &Snapshot, thing: &str, pointer: &str) -> Value {
    snapshot.things[thing].pointer(pointer).cloned().unwrap_or_else(|| panic!("no {pointer} in {:#}", snapshot.things[thing]))
}

#[test]
fn a_case_is_shown_as_it_was_at_any_instant() {
    let log = a_life();
    let case = format!("registration/{}", a_company().case());
    let states = [(0, "filling"), (8, "filling"), (9, "submitted"), (10, "in_review"), (11, "information_requested"), (14, "approved")];
    for (version, state) in states {
        let snapshot = state_of(&log, Some(of_case(&log, version)));
        assert_eq!(field(&snapshot, &case, "/state"), state, "after event {version}");
        assert_eq!(snapshot.position, of_case(&log, version));
    }
    let filled_in = state_of(&log, Some(of_case(&log, 8)));
    let anna = format!("/dossier/nominees/{}", a_company().anna());
    assert_eq!(field(&filled_in, &case, &format!("{anna}/contact/given_name")), "Anna");
    assert_eq!(field(&filled_in, &case, "/dossier/profile/legal_name"), json!(a_company().name()));
    assert!(!state_of(&log, Some(1)).things.contains_key(&case), "before it began there was none");
}

#[test]
fn the_difference_between_two_instants_names_the_fields_that_changed() {
    let company = a_company();
    let log = a_life();
    let organization = format!("organization/{}", company.organization());
    let amended = log.events.iter().find(|envelope| {
        matches!(&envelope.event, DomainEvent::Organization(_, domain::organization::OrganizationEvent::AmendmentApproved { .. }))
    });
    let amended = amended.unwrap().position.0;
    let changes = difference(&state_of(&log, Some(amended - 1)), &state_of(&log, Some(amended)));
    let fields: Vec<_> = changes.iter().map(|change| (change.thing.as_str(), change.field.as_str())).collect();
    assert_eq!(fields, ["/amendment", "/amendment_requested_by", "/profile/identifiers"].map(|field| (&*organization, field)));
    assert_eq!(changes[2].before, Some(json!([{ "scheme": "DUNS", "value": "000000007" }])));
    assert_eq!(changes[2].after, Some(json!([{ "scheme": "DUNS", "value": "100000007" }])));

    let all = difference(&Snapshot::default(), &state_of(&log, None));
    assert!(all.iter().any(|change| change.thing == organization && change.field.is_empty() && change.before.is_none()));
    assert_eq!(difference(&state_of(&log, None), &state_of(&log, None)), []);
}

#[test]
fn a_stream_of_which_events_are_missing_is_not_shown() {
    let log = a_life();
    let case = a_company().case().0;
    let with_gap: Vec<&Envelope> =
        log.events.iter().map(|envelope| &**envelope).filter(|envelope| envelope.event.key() != case || envelope.version != 5).collect();
    let snapshot = state_at(with_gap, None);
    assert!(!snapshot.things.contains_key(&format!("registration/{case}")));
    assert!(snapshot.things.contains_key(&format!("organization/{}", OrganizationId(a_company().organization().0))));
}

#[test]
fn users_subscriptions_and_access_are_shown_as_they_are_in_the_end() {
    let company = a_company();
    let snapshot = state_of(&a_life(), None);
    let state = |thing: String| field(&snapshot, &thing, "/state");
    assert_eq!(state(format!("user/{}", company.anna())), "active");
    assert_eq!(state(format!("user/{}", company.bert())), "closed");
    assert_eq!(state(format!("invitation/{}", company.late_offer())), "offer_accepted");
    let subscription = domain::SubscriptionId::of(company.organization(), log::transfer());
    assert_eq!(state(format!("subscription/{subscription}")), "ended");
    let access = domain::AccessId::of(company.cleo(), log::transfer());
    assert_eq!(state(format!("access/{access}")), "revoked");
}

#[test]
fn the_life_of_a_downstream_service_reads_with_what_it_is_shown() {
    let name = ServiceName::parse("sft-provisioning").unwrap();
    let service = ServiceId::of(&name);
    let person = a_company().anna();
    let log = Log::of(
        [
            prelude(),
            vec![
                by(Actor::Operator, (service, ServiceEvent::Registered { name, sees: Sees::Applications(vec![log::transfer()]) })),
                by(Actor::Operator, (service, ServiceEvent::ScopeChanged { sees: Sees::Everything })),
                by(Actor::Service("sft-provisioning".to_owned()), (person, PersonEvent::ErasureAcknowledged { service })),
                by(Actor::Operator, (service, ServiceEvent::Retired { reason: reason("replaced") })),
            ],
        ]
        .concat(),
    );
    let lines = lines_of(&log);
    assert_eq!(
        lines[lines.len() - 4..],
        [
            "The operator registered the service sft-provisioning, which is shown the events about SFT".to_owned(),
            "The operator showed the service sft-provisioning all public events from then on".to_owned(),
            format!("The service sft-provisioning acknowledged that nothing of person {person} is kept any more"),
            "The operator retired the service sft-provisioning: replaced".to_owned(),
        ]
    );
    let shown = &state_of(&log, None).things[&format!("service/{service}")];
    assert_eq!((&shown["state"], &shown["sees"]), (&json!("retired"), &json!("everything")));
}
