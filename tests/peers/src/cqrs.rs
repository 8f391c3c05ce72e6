//! cqrs-es with sqlite-es and with postgres-es, in process. The pool of sqlite-es syncs at checkpoints only (`NORMAL`), which loses
//! what it acknowledged when the power goes: here every commit is synced (`FULL`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, CqrsFramework, DomainEvent, EventStore};
use postgres_es::{default_postgress_pool, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlite_es::sqlite_cqrs;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::load;

/// As the migration of sqlite-es makes it.
const EVENTS: &str = "
CREATE TABLE events (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    sequence integer CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL,
    event_version text NOT NULL,
    payload text NOT NULL,
    metadata text NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
) STRICT";

/// As the migration of postgres-es makes it.
const EVENTS_ON_POSTGRES: &str = "
CREATE TABLE events (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL,
    event_version text NOT NULL,
    payload json NOT NULL,
    metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
)";

#[derive(Debug, Default, Serialize, Deserialize)]
struct Invitation {
    sent: bool,
}

struct Send {
    note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sent {
    note: String,
}

#[derive(Debug, thiserror::Error)]
#[error("the invitation was sent already")]
struct SentAlready;

impl DomainEvent for Sent {
    fn event_type(&self) -> String {
        "invitation.sent".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Invitation {
    type Command = Send;
    type Error = SentAlready;
    type Event = Sent;
    type Services = ();

    const TYPE: &'static str = "invitation";

    async fn handle(&mut self, command: Send, (): &(), sink: &EventSink<Self>) -> Result<(), SentAlready> {
        if self.sent {
            return Err(SentAlready);
        }
        sink.write(Sent { note: command.note }, self).await;
        Ok(())
    }

    fn apply(&mut self, _: Sent) {
        self.sent = true;
    }
}

/// Commands per second of so many tasks, each to a stream of its own.
pub(crate) async fn on_sqlite(folder: &Path, tasks: u64, time: Duration) -> f64 {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("cqrs-es.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Ten connections wait for each other's turn to write.
        .busy_timeout(Duration::from_secs(60));
    // As many connections as its own pool has.
    let pool = SqlitePoolOptions::new().max_connections(10).acquire_timeout(Duration::from_secs(60)).connect_with(options);
    let pool = pool.await.expect("the database opens");
    sqlx::query(EVENTS).execute(&pool).await.expect("the table can be made");
    rate(sqlite_cqrs::<Invitation>(pool, Vec::new(), ()), tasks, time).await
}

/// The same on PostgreSQL.
pub(crate) async fn on_postgres(address: &str, tasks: u64, time: Duration) -> f64 {
    let pool = default_postgress_pool(address).await;
    sqlx::query(EVENTS_ON_POSTGRES).execute(&pool).await.expect("the table can be made");
    rate(postgres_cqrs::<Invitation>(pool, Vec::new(), ()), tasks, time).await
}

async fn rate<S>(service: CqrsFramework<Invitation, S>, tasks: u64, time: Duration) -> f64
where
    S: EventStore<Invitation> + 'static,
    S::AC: std::marker::Send,
{
    let (service, note) = (Arc::new(service), load::note());
    load::commands_per_second(tasks, time, move |_, number| {
        let (service, note) = (Arc::clone(&service), note.clone());
        async move {
            let stream = format!("00000000-0000-7000-8000-{number:012x}");
            service.execute(&stream, Send { note }).await.expect("the command is taken");
        }
    })
    .await
}
