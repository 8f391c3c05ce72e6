//! A log in memory, a read model that writes down what it was given, and a data folder.
#![allow(dead_code, unreachable_pub, unused_imports, unused_macros, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot be set up has failed")]

pub mod dice;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::registration::RegistrationEvent;
use domain::{Actor, CommandId, DomainEvent, EventId, PersonId};
use event_codec::{Codec, KeysError, PersonalKeys};
use event_store::memory::MemoryStore;
use event_store::{Append, EventStore, Expected};
use jiff::Timestamp;
use postgres_schema::{Limits, Schema, Server};
use projection_runtime::sql::{Database, Table, Value};
use projection_runtime::table::select_column;
use projection_runtime::{
    BUILDS, Clock, Envelope, Epoch, Fence, Fingerprint, Lease, Metadata, PLACES, Position, Projection, ProjectionError, Runtime, Setup,
    Shared, StartError, StreamId, Tables,
};
use tempfile::TempDir;
use test_support::servers::TestDatabase;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub const SOON: Duration = Duration::from_secs(20);

/// Keys that seal nothing: these tests are about rows.
struct OpenKeys;

impl PersonalKeys for OpenKeys {
    fn seal(&self, _person: PersonId, _binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(plain.to_vec())
    }

    fn open(&self, _person: PersonId, _binding: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError> {
        Ok(Some(sealed.to_vec()))
    }
}

pub fn clock() -> Clock {
    Arc::new(|| Timestamp::UNIX_EPOCH)
}

/// Defines each of these tests for read models in SQLite and in PostgreSQL.
macro_rules! on_both_engines {
    ($($test:ident,)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::new()).await;
            })*
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(super::World::on_postgres()).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

/// The schema of what several instances share.
pub async fn schema(url: &str) -> Schema {
    let server: Server = url.parse().unwrap();
    server.schema("gatehouse_views", &[PLACES, BUILDS], Limits::default()).await.unwrap()
}

pub struct World {
    pub data: TempDir,
    /// Where the read models are; none: in files.
    pub database: Option<TestDatabase>,
    /// Each runtime that is started holds the lease after the one before.
    fence: std::sync::atomic::AtomicI64,
    pub store: Arc<MemoryStore>,
    pub codec: Codec,
    next: AtomicU64,
}

impl World {
    pub fn new() -> Self {
        Self::of_epoch(1)
    }

    pub fn of_epoch(epoch: u128) -> Self {
        let store = Arc::new(MemoryStore::with_epoch(clock(), Epoch(Uuid::from_u128(epoch))));
        Self {
            data: tempfile::tempdir().unwrap(),
            database: None,
            fence: std::sync::atomic::AtomicI64::new(1),
            store,
            codec: Codec::new(Arc::new(OpenKeys)),
            next: AtomicU64::new(1),
        }
    }

    /// With its read models in PostgreSQL.
    pub fn on_postgres() -> Self {
        Self::in_database(TestDatabase::create())
    }

    /// With its read models in this database.
    pub fn in_database(database: TestDatabase) -> Self {
        Self { database: Some(database), ..Self::new() }
    }

    /// What instances share, with a lease of one's own: greater than those before.
    pub async fn shared(&self) -> Option<Shared> {
        let fence = Fence(self.fence.fetch_add(1, Ordering::SeqCst));
        self.shared_by(Lease::of(tokio::sync::watch::Sender::new(Some(fence)).subscribe())).await
    }

    /// What instances share, with this lease.
    pub async fn shared_by(&self, lease: Lease) -> Option<Shared> {
        match &self.database {
            Some(database) => Some(Shared { schema: schema(&database.url()).await, lease }),
            None => None,
        }
    }

    /// The same data folder beside another log.
    pub fn with_store(self, store: Arc<MemoryStore>) -> Self {
        Self { store, ..self }
    }

    /// Appends one event to a stream of its own. `word` is what the read model writes down.
    pub async fn say(&self, word: &str) -> Position {
        let event = RegistrationEvent::HumanCheckPassed { challenge: word.to_owned() };
        self.append("registration", &event).await
    }

    pub async fn append<E: serde::Serialize>(&self, category: &str, event: &E) -> Position {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let stream = StreamId::new(category, Uuid::from_u128(u128::from(number)));
        let metadata = Metadata {
            command: CommandId(Uuid::from_u128(u128::from(number))),
            fingerprint: Fingerprint(0),
            actor: Actor::Operator,
            from: "cli".to_owned(),
            cause: None,
        };
        let metadata = self.codec.encode_metadata(&metadata).unwrap();
        let id = EventId(Uuid::from_u128(0x1000_0000 + u128::from(number)));
        let event = self.codec.encode(&stream, id, event, metadata).unwrap();
        self.raw(stream, event).await
    }

    pub async fn raw(&self, stream: StreamId, event: event_store::NewEvent) -> Position {
        let append = Append { stream, expected: Expected::NoStream, events: vec![event], after: None };
        self.store.append(append).outcome().await.unwrap().position
    }

    pub async fn say_many(&self, count: usize) -> Position {
        let mut last = Position::START;
        for number in 0..count {
            last = self.say(&format!("word {number}")).await;
        }
        last
    }

    pub async fn start(&self, projections: Vec<Arc<dyn Projection>>) -> Runtime {
        self.try_start(self.shared().await, projections).await.unwrap()
    }

    /// An instance that keeps the read models while it holds this lease.
    pub async fn start_with(&self, lease: Lease, projections: Vec<Arc<dyn Projection>>) -> Runtime {
        self.try_start(self.shared_by(lease).await, projections).await.unwrap()
    }

    /// As one of several instances, which share the places of consumers in this schema.
    pub async fn start_shared(&self, schema: &Schema) -> Runtime {
        let fence = Fence(self.fence.fetch_add(1, Ordering::SeqCst));
        let lease = Lease::of(tokio::sync::watch::Sender::new(Some(fence)).subscribe());
        self.try_start(Some(Shared { schema: schema.clone(), lease }), Vec::new()).await.unwrap()
    }

    pub async fn try_start(&self, shared: Option<Shared>, projections: Vec<Arc<dyn Projection>>) -> Result<Runtime, StartError> {
        let log: Arc<dyn EventStore> = self.store.clone();
        let setup = Setup { data: self.data.path().to_owned(), shared, log, codec: self.codec.clone(), clock: clock(), projections };
        Runtime::start(setup).await
    }

    /// A copy of the read models' files as they are at this moment: what a process that dies now leaves behind.
    pub fn left_behind(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        let (from, to) = (self.data.path().join("views"), copy.path().join("views"));
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        copy
    }

    /// The names of the files of read models; in PostgreSQL, those that its builds would have.
    pub fn files(&self) -> Vec<String> {
        if let Some(database) = &self.database {
            let names = "SELECT format('%s.v%s.%s.db%s', name, version, build, CASE state WHEN 'building' THEN '.building' END)
                FROM gatehouse_views.read_model
                ORDER BY 1";
            return database.sql(names).lines().map(str::to_owned).collect();
        }
        let mut names: Vec<String> = std::fs::read_dir(self.data.path().join("views"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
            .collect();
        names.sort();
        names
    }
}

const WORDS: Table = Table::new("word", 1, &["position", "word"]);

/// Writes down each event's word at its position.
pub struct Words {
    pub name: &'static str,
    pub version: u32,
    /// Refuses this word.
    pub poison: Option<&'static str>,
    /// Panics at this word.
    pub panics_at: Option<&'static str>,
    /// Fails this many times with an error of the database.
    pub fails: AtomicU64,
    /// Takes a permit for each batch, after the rows are written.
    pub gate: Option<Arc<Semaphore>>,
    /// Set once a batch has written its rows and waits at the gate.
    pub at_gate: AtomicBool,
}

impl Words {
    pub fn named(name: &'static str) -> Self {
        Self { name, version: 1, poison: None, panics_at: None, fails: AtomicU64::new(0), gate: None, at_gate: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Projection for Words {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn schema(&self) -> &'static [&'static str] {
        &["CREATE TABLE word (position BIGINT NOT NULL PRIMARY KEY, word TEXT NOT NULL)"]
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        &[("word", "position")]
    }

    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        let mut written = Vec::new();
        for event in events {
            let DomainEvent::Registration(_, RegistrationEvent::HumanCheckPassed { challenge }) = &event.event else { continue };
            if self.poison == Some(challenge.as_str()) {
                return Err(ProjectionError::Unappliable { position: event.position, reason: format!("{challenge} is poison") });
            }
            assert_ne!(self.panics_at, Some(challenge.as_str()), "this is meant to panic");
            written.push(vec![Value::from(event.position), challenge.as_str().into()]);
        }
        WORDS.insert(rows, written).await?;
        if self.fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(ProjectionError::Database(sqlx::Error::WorkerCrashed));
        }
        if let Some(gate) = &self.gate {
            self.at_gate.store(true, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
        }
        Ok(())
    }
}

pub async fn count(rows: &mut impl Database) -> i64 {
    select_column(rows, "SELECT COUNT(*) FROM word", Vec::new()).await.unwrap()[0]
}

/// Waits for a condition that no channel tells of.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    tokio::time::timeout(SOON, async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("waited in vain: {what}"));
}
