//! A log to test read models with: whole lives of companies, in any order that the domain allows.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

mod company;

use std::collections::HashMap;
use std::sync::Arc;

use domain::application::{AccessPolicy, ApplicationDetails, ApplicationEvent, CredentialStrength, RegistrationPolicy, Way};
use domain::organization::OrganizationEvent;
use domain::staff::StaffEvent;
use domain::*;
use jiff::Timestamp;
use projection_runtime::{Envelope, Fingerprint, Metadata, Position, StreamId};
use uuid::Uuid;

pub use company::Company;

/// One event with who caused it.
#[derive(Debug, Clone)]
pub struct Said {
    pub actor: Actor,
    pub event: DomainEvent,
}

/// An event of the service itself.
pub fn said(event: impl Into<DomainEvent>) -> Said {
    by(Actor::System("test".to_owned()), event)
}

pub fn by(actor: Actor, event: impl Into<DomainEvent>) -> Said {
    Said { actor, event: event.into() }
}

/// The id that [`Log`] gives to the event of this place in this stream.
pub fn event_id(key: Uuid, category: &str, version: u64) -> EventId {
    EventId::derive(key, &format!("{category}:{version}"))
}

/// When the event at this position was recorded: one event a second.
pub fn recorded_at(position: u64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + i64::try_from(position).unwrap()).unwrap()
}

/// Events in the order in which they are recorded.
#[derive(Default)]
pub struct Log {
    pub events: Vec<Arc<Envelope>>,
    versions: HashMap<(&'static str, Uuid), u64>,
}

impl Log {
    pub fn of(said: impl IntoIterator<Item = Said>) -> Self {
        let mut log = Self::default();
        for said in said {
            log.record(said);
        }
        log
    }

    pub fn record(&mut self, Said { actor, event }: Said) -> Arc<Envelope> {
        let (category, key) = (event.category(), event.key());
        let version = self.versions.entry((category, key)).or_default();
        let position = u64::try_from(self.events.len()).unwrap() + 1;
        let id = event_id(key, category, *version);
        let envelope = Arc::new(Envelope {
            position: Position(position),
            stream: StreamId::new(category, key),
            version: *version,
            id,
            event_type: format!("{category}.happened.v1").into(),
            recorded_at: recorded_at(position),
            metadata: Metadata {
                command: CommandId::derive(id.0, "command"),
                fingerprint: Fingerprint(0),
                actor,
                from: "http 192.0.2.0/24".to_owned(),
                cause: None,
            },
            event,
        });
        *version += 1;
        self.events.push(envelope.clone());
        envelope
    }
}

/// Merges lives: each keeps its order, `choices` says whose event is next.
pub fn interleave(lives: Vec<Vec<Said>>, choices: &[usize]) -> Vec<Said> {
    let mut lives: Vec<_> = lives.into_iter().map(|life| life.into_iter().peekable()).collect();
    let mut choices = choices.iter().cycle();
    let mut merged = Vec::new();
    loop {
        lives.retain_mut(|life| life.peek().is_some());
        if lives.is_empty() {
            return merged;
        }
        let choice = choices.next().copied().unwrap_or_default() % lives.len();
        merged.extend(lives[choice].next());
    }
}

pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_8000_8000_0000_0000_0000 | number)
}

/// The partner that invites.
pub fn partner() -> OrganizationId {
    OrganizationId(id(1))
}

/// The partner's application, by invitation.
pub fn transfer() -> ApplicationId {
    ApplicationId(id(2))
}

/// The operator's application, public, with a link of its own.
pub fn identity() -> ApplicationId {
    ApplicationId(id(3))
}

pub fn reviewer() -> StaffId {
    StaffId(id(4))
}

pub fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

pub fn contact(person: PersonId, given: &str, email: &str) -> Personal<Contact> {
    Personal::new(person, bare_contact(given, email))
}

pub fn bare_contact(given: &str, email: &str) -> Contact {
    Contact {
        given_name: PersonName::parse(given).unwrap(),
        family_name: PersonName::parse("Berg").unwrap(),
        email: Email::parse(email).unwrap(),
        phone: Some(Phone::parse("+49 30 1234567").unwrap()),
        job_title: Some(JobTitle::parse("Quality").unwrap()),
    }
}

pub fn profile(name: &str, identifier: &str) -> OrganizationProfile {
    OrganizationProfile {
        legal_name: CompanyName::parse(name).unwrap(),
        trading_name: None,
        address: Address {
            lines: vec![AddressLine::parse("Hafenstr. 1").unwrap()],
            city: AddressLine::parse("Hamburg").unwrap(),
            region: None,
            postal_code: None,
            country: Country::parse("DE").unwrap(),
        },
        identifiers: vec![duns(identifier)],
        phone: None,
        website: None,
    }
}

pub fn duns(value: &str) -> RegisteredIdentifier {
    RegisteredIdentifier { scheme: IdentifierScheme::parse("DUNS").unwrap(), value: IdentifierValue::parse(value).unwrap() }
}

pub fn details(name: &str, registration: RegistrationPolicy, ways: Vec<Way>) -> ApplicationDetails {
    ApplicationDetails {
        name: ApplicationName::parse(name).unwrap(),
        description: Description::parse("What it is for").unwrap(),
        registration,
        access: AccessPolicy::ApplicationAdministrator,
        ways,
        credential_strength: CredentialStrength::Password,
        prerequisites: None,
        launch_url: WebAddress::parse("https://apps.example.com/start").unwrap(),
        subscription_review: false,
        four_eyes: false,
    }
}

pub fn slug() -> Slug {
    Slug::parse("identity").unwrap()
}

/// What stands before all companies: the partner, the catalogue, the staff.
pub fn prelude() -> Vec<Said> {
    let link = vec![Way::PublicLink(slug()), Way::PublicRegistration];
    vec![
        by(
            Actor::Operator,
            (
                StaffId(reviewer().0),
                StaffEvent::Appointed {
                    contact: contact(PersonId(id(5)), "Rita", "rita@operator.example"),
                    roles: vec![StaffRole::ReviewLead, StaffRole::Reviewer],
                },
            ),
        ),
        said((
            partner(),
            OrganizationEvent::Approved {
                registration: RegistrationId(id(6)),
                profile: profile("Partner Aerospace, Inc.", "999999999"),
                administrators: vec![PersonId(id(7))],
            },
        )),
        said((
            transfer(),
            ApplicationEvent::Published {
                code: ApplicationCode::parse("SFT").unwrap(),
                owner: Owner::Partner(partner()),
                details: details("Secure File Transfer", RegistrationPolicy::InvitationOnly, vec![Way::Invitation]),
            },
        )),
        said((
            identity(),
            ApplicationEvent::Published {
                code: ApplicationCode::parse("FIS").unwrap(),
                owner: Owner::Operator,
                details: details("Federated Identity Service", RegistrationPolicy::Public, link),
            },
        )),
    ]
}
