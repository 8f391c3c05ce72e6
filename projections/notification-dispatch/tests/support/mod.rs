//! A log of events, without a store, and an outbox fed from it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{CommandId, DomainEvent, EventId};
use jiff::Timestamp;
use notification_dispatch::{Mail, NotificationDispatch};
use projection_runtime::{Envelope, Fingerprint, Metadata, Position, Standalone, StreamId};
use tempfile::TempDir;
use test_support::servers::TestDatabase;
use uuid::Uuid;

/// The instant of the first event: Monday 2 November 2026, 09:00 UTC. Each event is recorded a second after the one before.
pub(crate) fn start() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_8000_8000_0000_0000_0000 + number)
}

fn envelope(position: u64, version: u64, event: DomainEvent) -> Arc<Envelope> {
    Arc::new(Envelope {
        position: Position(position),
        stream: StreamId::new(event.category(), event.key()),
        version,
        id: EventId(id(1_000_000 + u128::from(position))),
        event_type: "test.event.v1".into(),
        recorded_at: start() + jiff::SignedDuration::from_secs(i64::try_from(position).unwrap()),
        metadata: Metadata {
            command: CommandId(id(2_000_000 + u128::from(position))),
            fingerprint: Fingerprint(0),
            actor: domain::Actor::Operator,
            from: "cli".to_owned(),
            cause: None,
        },
        event,
    })
}

/// An outbox on both engines.
pub(crate) struct Outbox {
    pub(crate) rows: Standalone<NotificationDispatch>,
    _folder: TempDir,
    position: u64,
    versions: HashMap<StreamId, u64>,
}

impl Outbox {
    pub(crate) async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TestDatabase::of_this_thread().parse().unwrap();
        let rows = Standalone::create_twice(&folder.path().join("outbox"), &server, NotificationDispatch).await.unwrap();
        Self { rows, _folder: folder, position: 0, versions: HashMap::new() }
    }

    /// Applies events in one batch.
    pub(crate) async fn apply(&mut self, events: Vec<DomainEvent>) {
        let mut batch = Vec::new();
        for event in events {
            self.position += 1;
            let version = self.versions.entry(StreamId::new(event.category(), event.key())).or_default();
            batch.push(envelope(self.position, *version, event));
            *version += 1;
        }
        self.rows.apply(&batch).await.unwrap();
    }

    /// Applies events one by one, each in a batch of its own.
    pub(crate) async fn apply_singly(&mut self, events: Vec<DomainEvent>) {
        for event in events {
            self.apply(vec![event]).await;
        }
    }

    /// All mails, in the order of their causes.
    pub(crate) async fn mails(&mut self) -> Vec<Mail> {
        let mut mails = notification_dispatch::page(self.rows.rows(), None, None, 1_000).await.unwrap().mails;
        mails.reverse();
        mails
    }

    /// Template and address of each mail, in the order of their causes; several of one cause by address.
    pub(crate) async fn summary(&mut self) -> Vec<String> {
        let mut mails = self.mails().await;
        mails.sort_by(|one, other| (one.position, &one.to_address).cmp(&(other.position, &other.to_address)));
        mails.iter().map(|mail| format!("{} to {}", mail.template, mail.to_address)).collect()
    }

    /// Every value of every row of both tables, as text.
    pub(crate) async fn dump(&mut self) -> Vec<String> {
        self.rows.lines().await.unwrap()
    }
}
