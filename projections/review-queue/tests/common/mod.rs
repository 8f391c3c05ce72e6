//! Events in, rows out.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::sync::Arc;

use domain::registration::{Origin, RegistrationEvent, RequestedApplication};
use domain::{
    Actor, Address, AddressLine, ApplicationId, CaseNumber, CommandId, CompanyName, Country, DomainEvent, Due, Email, EventId, Message,
    OrganizationId, OrganizationProfile, Owner, PersonId, Personal, Reason, Registrant, RegistrationId, StaffId,
};
use jiff::Timestamp;
use projection_runtime::{Envelope, Fingerprint, Metadata, Position, Standalone, StreamId};
use review_queue::{Counts, Cursor, Filter, Page, QueuedCase, ReviewQueue, counts, get, page};
use tempfile::TempDir;
use test_support::servers::TestDatabase;
use uuid::Uuid;

pub fn case(number: u128) -> RegistrationId {
    RegistrationId(Uuid::from_u128(number))
}

pub fn staff(number: u128) -> StaffId {
    StaffId(Uuid::from_u128(0x5_0000_0000 + number))
}

pub fn application(number: u128) -> ApplicationId {
    ApplicationId(Uuid::from_u128(0xA_0000_0000 + number))
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn reason() -> Reason {
    Reason::parse("because").unwrap()
}

pub fn due(second: i64) -> Due {
    Due {
        at: at(second),
        soon_at: at(second - 100),
        counted_from: at(0),
        business_seconds: second,
        time_zone: "UTC".to_owned(),
        calendar_version: 1,
    }
}

pub fn requested(number: u128, four_eyes: bool) -> RequestedApplication {
    RequestedApplication { application: application(number), owner: Owner::Operator, needs_administrator: true, four_eyes }
}

pub fn started(number: u128, applications: Vec<RequestedApplication>) -> RegistrationEvent {
    let registrant = Registrant { name: None, email: Email::parse("ada@example.com").unwrap() };
    RegistrationEvent::Started {
        origin: Origin::Public,
        case_number: CaseNumber::parse(&format!("GH-{number:08}")).unwrap(),
        registrant: Personal::new(PersonId(Uuid::from_u128(number)), registrant),
        company: None,
        applications,
        organization: OrganizationId(Uuid::from_u128(number)),
        expires_at: at(1_000_000),
        invited_by: vec![],
    }
}

pub fn profile_of(company: &str, country: &str) -> OrganizationProfile {
    let line = |text| AddressLine::parse(text).unwrap();
    OrganizationProfile {
        legal_name: CompanyName::parse(company).unwrap(),
        trading_name: None,
        address: Address {
            lines: vec![line("1 Main Street")],
            city: line("Springfield"),
            region: None,
            postal_code: None,
            country: Country::parse(country).unwrap(),
        },
        identifiers: Vec::new(),
        phone: None,
        website: None,
    }
}

pub fn profile(company: &str, country: &str) -> RegistrationEvent {
    RegistrationEvent::ProfileSaved { profile: profile_of(company, country) }
}

pub fn submitted(second: i64) -> RegistrationEvent {
    RegistrationEvent::Submitted { dossier_version: 3, due: due(second) }
}

pub fn resubmitted(dossier_version: u32, second: i64) -> RegistrationEvent {
    RegistrationEvent::Resubmitted { dossier_version, answer: None, due: due(second) }
}

pub fn claimed(reviewer: u128, until: i64) -> RegistrationEvent {
    RegistrationEvent::Claimed { reviewer: staff(reviewer), until: at(until), taken_over_from: None }
}

pub fn released(reviewer: u128) -> RegistrationEvent {
    RegistrationEvent::Released { reviewer: staff(reviewer), lapsed: false }
}

pub fn asked() -> RegistrationEvent {
    let question = domain::registration::Question { field: "/profile".to_owned(), question: Message::parse("Which street?").unwrap() };
    RegistrationEvent::InformationRequested { questions: vec![question], business_seconds_left: 4_000 }
}

pub fn proposed(reviewer: u128, dossier_version: u32) -> RegistrationEvent {
    RegistrationEvent::ApprovalProposed { reviewer: staff(reviewer), dossier_version, reason: reason() }
}

pub fn approved() -> RegistrationEvent {
    RegistrationEvent::Approved { reviewer: staff(1), dossier_version: 3, reason: reason(), effective_at: at(10_000) }
}

pub fn took_effect() -> RegistrationEvent {
    RegistrationEvent::ApprovalTookEffect { organization: OrganizationId(Uuid::from_u128(1)) }
}

pub fn rejected() -> RegistrationEvent {
    RegistrationEvent::Rejected { reviewer: staff(1), dossier_version: 3, reason: reason() }
}

/// A read model, and how many events it has been given.
pub struct Queue {
    pub view: Standalone<ReviewQueue>,
    position: u64,
    _folder: TempDir,
}

impl Queue {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let view = Standalone::create_twice(&folder.path().join("queue.db"), &TestDatabase::of_this_thread().parse().unwrap(), ReviewQueue)
            .await
            .unwrap();
        Self { view, position: 0, _folder: folder }
    }

    /// Gives a case its events, as one batch.
    pub async fn say(&mut self, case: RegistrationId, events: Vec<RegistrationEvent>) {
        let batch: Vec<_> = events.into_iter().map(|event| self.envelope(case, event)).collect();
        self.view.apply(&batch).await.unwrap();
    }

    pub fn envelope(&mut self, case: RegistrationId, event: RegistrationEvent) -> Arc<Envelope> {
        self.position += 1;
        Arc::new(Envelope {
            position: Position(self.position),
            stream: StreamId::new("registration", case.0),
            version: self.position,
            id: EventId(Uuid::from_u128(u128::from(self.position))),
            event_type: "registration.test.v1".into(),
            recorded_at: at(i64::try_from(self.position).unwrap()),
            metadata: Metadata {
                command: CommandId(Uuid::nil()),
                fingerprint: Fingerprint(0),
                actor: Actor::Operator,
                from: "cli".to_owned(),
                cause: None,
            },
            event: DomainEvent::Registration(case, event),
        })
    }

    /// A case of this number that is in the queue, due then.
    pub async fn submit(&mut self, number: u128, due: i64) {
        self.say(case(number), vec![started(number, vec![requested(1, false)]), profile("Acme Ltd", "US"), submitted(due)]).await;
    }

    pub async fn get(&mut self, number: u128) -> Option<QueuedCase> {
        get(self.view.rows(), case(number)).await.unwrap()
    }

    pub async fn page(&mut self, filter: &Filter, after: Option<Cursor>, limit: u32) -> Page {
        page(self.view.rows(), filter, after, limit).await.unwrap()
    }

    /// The numbers of the cases that the filter finds, in their order.
    pub async fn find(&mut self, filter: Filter) -> Vec<u128> {
        self.page(&filter, None, 1_000).await.cases.iter().map(|case| case.registration.0.as_u128()).collect()
    }

    pub async fn counts(&mut self, now: i64) -> Counts {
        counts(self.view.rows(), at(now)).await.unwrap()
    }
}
