//! A log in memory with the read model `public-feed` over it: what the publisher publishes from in the service.

use std::sync::Arc;
use std::time::Duration;

use domain::registration::{Origin, RegistrationEvent as Event, RequestedApplication};
use domain::*;
use event_codec::{Codec, KeysError, PersonalKeys};
use event_store::memory::MemoryStore;
use event_store::{Append, EventStore, Expected};
use jiff::Timestamp;
use nats_publisher::ReadModelFeed;
use projection_runtime::{Fingerprint, Metadata, Runtime, Setup, StreamId};
use uuid::Uuid;

/// Keys that leave all as it is: nothing personal is published.
struct OpenKeys;

impl PersonalKeys for OpenKeys {
    fn seal(&self, _person: PersonId, _binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _person: PersonId, _binding: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError> {
        Ok(Some(sealed.to_vec()))
    }
}

/// The log and what follows it.
pub struct Log {
    store: Arc<MemoryStore>,
    codec: Codec,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

/// Five events of a registration, of which three are public.
fn story(key: Uuid) -> Vec<Event> {
    let seed = |label: &str| domain::derive(key, label);
    let application = ApplicationId(Uuid::from_u128(7));
    let requested = RequestedApplication { application, owner: Owner::Operator, needs_administrator: false, four_eyes: false };
    let organization = OrganizationId(seed("organization"));
    let registrant = Registrant { name: None, email: Email::parse("ada@example.com").unwrap() };
    let due = Due {
        at: Timestamp::from_second(1_800_000_000).unwrap(),
        soon_at: Timestamp::from_second(1_799_000_000).unwrap(),
        counted_from: Timestamp::UNIX_EPOCH,
        business_seconds: 57_600,
        time_zone: "America/New_York".to_owned(),
        calendar_version: 1,
    };
    let (reviewer, reason) = (StaffId(seed("reviewer")), Reason::parse("all in order").unwrap());
    vec![
        Event::Started {
            invited_by: vec![],
            origin: Origin::Public,
            case_number: CaseNumber::derive(seed("case-number")),
            registrant: Personal::new(PersonId(seed("person")), registrant),
            company: None,
            applications: vec![requested],
            organization,
            expires_at: Timestamp::from_second(1_900_000_000).unwrap(),
        },
        Event::HumanCheckPassed { challenge: "challenge".to_owned() },
        Event::Submitted { dossier_version: 4, due },
        Event::Approved { reviewer, dossier_version: 4, reason, effective_at: Timestamp::UNIX_EPOCH },
        Event::ApprovalTookEffect { organization },
    ]
}

impl Log {
    pub async fn start() -> Self {
        let clock: projection_runtime::Clock = Arc::new(|| Timestamp::UNIX_EPOCH);
        let (store, codec) = (Arc::new(MemoryStore::new(clock.clone())), Codec::new(Arc::new(OpenKeys)));
        let folder = tempfile::tempdir().unwrap();
        let setup = Setup {
            data: folder.path().to_owned(),
            shared: None,
            log: store.clone(),
            codec: codec.clone(),
            clock,
            projections: vec![Arc::new(public_feed::PublicFeed)],
        };
        Self { store, codec, runtime: Runtime::start(setup).await.unwrap(), _folder: folder }
    }

    /// So many registrations more: five events each, of which three are public.
    pub async fn add(&self, registrations: u64) {
        let begun = self.store.head().borrow().0 / 5;
        for number in begun..begun + registrations {
            let key = domain::derive(Uuid::from_u128(u128::from(number)), "registration");
            let stream = StreamId::new("registration", key);
            let metadata = Metadata {
                command: CommandId(key),
                fingerprint: Fingerprint(0),
                actor: Actor::Registrant(RegistrationId(key)),
                from: "http 192.0.2.0/24".to_owned(),
                cause: None,
            };
            let metadata = self.codec.encode_metadata(&metadata).unwrap();
            let encode = |(index, event): (usize, Event)| {
                let id = EventId(domain::derive(key, &format!("event {index}")));
                self.codec.encode(&stream, id, &event, metadata.clone()).unwrap()
            };
            let events = story(key).into_iter().enumerate().map(encode).collect();
            let append = Append { stream: stream.clone(), expected: Expected::NoStream, events, after: None };
            self.store.append(append).outcome().await.unwrap();
        }
    }

    /// Waits until the read model has all of it.
    pub async fn caught_up(&self) {
        let head = *self.store.head().borrow();
        self.runtime.wait_for(head, Duration::from_secs(600)).await.unwrap();
    }

    /// What the publisher reads.
    pub fn feed(&self) -> Arc<ReadModelFeed> {
        let origin = public_feed::Origin {
            source: "https://gatehouse.example.test".to_owned(),
            schemas: "https://gatehouse.example.test/schemas/public".to_owned(),
            epoch: Uuid::from_u128(1),
        };
        Arc::new(ReadModelFeed::new(self.runtime.views("public-feed").unwrap(), origin))
    }

    pub async fn shutdown(&self) {
        self.runtime.shutdown().await;
    }
}
