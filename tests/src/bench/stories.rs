//! Logs of believable registrations, written as the service writes them, with real keys.

use std::path::Path;
use std::sync::Arc;

use domain::registration::{AdministratorRole, Origin, RegistrationEvent as Event, RequestedApplication};
use domain::{
    Actor, Address, AddressLine, ApplicationId, CaseNumber, CommandId, CompanyName, Contact, Country, CredentialId, Due, Email, EventId,
    OrganizationId, OrganizationProfile, Owner, PersonId, PersonName, Personal, Reason, Registrant, RegistrationId, StaffId,
};
use event_codec::{Codec, Fingerprint, Metadata};
use event_store::{Append, EventStore, Expected, StreamId};
use event_store_sqlite::SqliteLog;
use jiff::{SignedDuration, Timestamp};
use key_ring::{KeyRing, MasterKey, MasterKeyOptions};
use projection_runtime::Projection;
use uuid::Uuid;

use super::log::open;

/// Events of each registration.
pub const EVENTS: u64 = 10;

/// How far registrations have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Submitted; nine of ten decided, every tenth open.
    Reviewed,
    /// Being filled in: nobody has to be told of anything, so a service that starts on it has nothing to do.
    Draft,
}

/// A log with its keys.
pub struct Fixture {
    /// The log.
    pub log: Arc<SqliteLog>,
    /// Writes and reads its events.
    pub codec: Codec,
    keys: Arc<KeyRing>,
}

impl Fixture {
    /// The log and the keys of a data folder, made if they are not there.
    ///
    /// # Panics
    /// When they cannot be opened.
    #[must_use]
    pub fn open(data: &Path) -> Self {
        std::fs::create_dir_all(data.join("log")).expect("the folder can be made");
        let options = MasterKeyOptions::in_folder(data, &[KeyRing::FILE_NAME]);
        let master = MasterKey::load(&options).expect("there is a master key").key;
        let keys = Arc::new(KeyRing::open(&data.join(KeyRing::FILE_NAME), &master).expect("the key ring opens"));
        let codec = Codec::new(Arc::<KeyRing>::clone(&keys));
        Self { log: open(&data.join("log").join("events.db")), codec, keys }
    }

    /// Adds the registrations with these numbers.
    ///
    /// # Panics
    /// When the log does not take them.
    pub async fn fill(&self, from: u64, to: u64, stage: Stage) {
        const CHUNK: u64 = 2_000;
        let mut begun = from;
        while begun < to {
            let end = (begun + CHUNK).min(to);
            let middle = u64::midpoint(begun, end);
            // Sealing is most of the work.
            let (first, second) = std::thread::scope(|scope| {
                let second = scope.spawn(|| self.appends(middle, end, stage));
                (self.appends(begun, middle, stage), second.join().expect("nothing panics"))
            });
            let tickets: Vec<_> = first.into_iter().chain(second).map(|append| self.log.append(append)).collect();
            for ticket in tickets {
                ticket.outcome().await.expect("the log takes it");
            }
            begun = end;
        }
    }

    fn appends(&self, from: u64, to: u64, stage: Stage) -> Vec<Append> {
        (from..to).map(|number| self.registration(number, stage)).collect()
    }

    fn registration(&self, number: u64, stage: Stage) -> Append {
        let stream = StreamId::new("registration", case_id(number));
        let metadata = |place: usize| Metadata {
            command: CommandId::derive(stream.key, &format!("command {place}")),
            fingerprint: Fingerprint(u128::from(number) << 64 | 0x1234_5678_9abc),
            actor: Actor::Registrant(RegistrationId(stream.key)),
            from: "http 192.0.2.0/24".to_owned(),
            cause: None,
        };
        let person = self.keys.allot().expect("a person can be allotted");
        let events = story(number, person, stage).into_iter().enumerate().map(|(place, event)| {
            let metadata = metadata(place);
            let id = EventId::derive(metadata.command.0, "event:0");
            let metadata = self.codec.encode_metadata(&metadata).expect("metadata can be written");
            self.codec.encode(&stream, id, &event, metadata).expect("an event can be written")
        });
        let events = events.collect();
        Append { stream, expected: Expected::NoStream, events, after: None }
    }
}

/// All read models that the service keeps.
#[must_use]
pub fn read_models() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(review_queue::ReviewQueue),
        Arc::new(registration_status::RegistrationStatus),
        Arc::new(directory::Directory),
        Arc::new(entitlements::Entitlements),
        Arc::new(notification_dispatch::NotificationDispatch),
        Arc::new(audit_history::AuditHistory),
        Arc::new(deadlines::Deadlines { invitation_reminder: SignedDuration::from_hours(7 * 24) }),
        Arc::new(public_feed::PublicFeed),
    ]
}

fn case_id(number: u64) -> Uuid {
    domain::derive(Uuid::from_u128(u128::from(number) << 84), "case")
}

fn due(number: u64) -> Due {
    let number = i64::try_from(number).expect("numbers are small");
    Due {
        at: Timestamp::from_second(1_800_000_000 + number).expect("an instant"),
        soon_at: Timestamp::from_second(1_799_000_000 + number).expect("an instant"),
        counted_from: Timestamp::UNIX_EPOCH,
        business_seconds: 57_600,
        time_zone: "America/New_York".to_owned(),
        calendar_version: 1,
    }
}

fn profile(number: u64) -> OrganizationProfile {
    let line = |text: &str| AddressLine::parse(text).expect("a line");
    let country = ["US", "DE", "FR", "GB", "JP"][usize::try_from(number % 5).expect("small")];
    let address = Address {
        lines: vec![line("1 Main Street")],
        city: line("Springfield"),
        region: None,
        postal_code: Some(line("12345")),
        country: Country::parse(country).expect("a country"),
    };
    let legal_name = CompanyName::parse(&format!("Company {number} Aerospace Ltd")).expect("a name");
    OrganizationProfile { legal_name, trading_name: None, address, identifiers: Vec::new(), phone: None, website: None }
}

/// The events of a registration.
fn story(number: u64, person: PersonId, stage: Stage) -> Vec<Event> {
    let id = case_id(number);
    let seed = |label: &str| domain::derive(id, label);
    let staff = StaffId(Uuid::from_u128(u128::from(number % 20)));
    let application = ApplicationId(Uuid::from_u128(u128::from(number % 7)));
    let requested = RequestedApplication { application, owner: Owner::Operator, needs_administrator: false, four_eyes: false };
    let email = Email::parse("ada@example.com").expect("an address");
    let name = |text| PersonName::parse(text).expect("a name");
    let contact = Contact { given_name: name("Ada"), family_name: name("Lovelace"), email: email.clone(), phone: None, job_title: None };
    let organization = OrganizationId(seed("organization"));
    let mut events = vec![
        Event::Started {
            origin: Origin::Public,
            case_number: CaseNumber::derive(seed("case-number")),
            registrant: Personal::new(person, Registrant { name: None, email }),
            company: None,
            applications: vec![requested],
            organization,
            expires_at: Timestamp::from_second(1_900_000_000).expect("an instant"),
            invited_by: vec![],
        },
        Event::HumanCheckPassed { challenge: "challenge".to_owned() },
        Event::ProfileSaved { profile: profile(number) },
        Event::AdministratorNominated {
            nominee: Personal::new(person, contact),
            is_registrant: true,
            one_time_password: CredentialId(seed("password")),
        },
        Event::AdministratorSelected { nominee: person, role: AdministratorRole::OrganizationAdministrator },
        Event::HandoverAcknowledged { nominee: person },
        Event::ReviewConfirmed {},
    ];
    let reason = || Reason::parse("all in order").expect("a reason");
    match stage {
        Stage::Draft => events.extend((0..3).map(|_| Event::ProfileSaved { profile: profile(number) })),
        Stage::Reviewed => {
            events.push(Event::Submitted { dossier_version: 4, due: due(number) });
            if number.is_multiple_of(10) {
                let until = Timestamp::from_second(1_700_000_000).expect("an instant");
                events.push(Event::Claimed { reviewer: staff, until, taken_over_from: None });
                events.push(Event::Released { reviewer: staff, lapsed: false });
            } else {
                let effective_at = Timestamp::UNIX_EPOCH;
                events.push(Event::Approved { reviewer: staff, dossier_version: 4, reason: reason(), effective_at });
                events.push(Event::ApprovalTookEffect { organization });
            }
        }
    }
    events
}
