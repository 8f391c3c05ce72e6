//! The log in PostgreSQL, by itself and behind the served binary, each beside the same in SQLite or by others on the same server.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use event_store::{Append, EventStore, Expected, NewEvent, Position, StreamId};
use event_store_postgres::{Options as LogOptions, PostgresLog};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use postgres_schema::{Limits, Schema, Server, Step};
use sqlx::Row;
use test_support::servers::{GatehouseProcess, PostgresServer, TestDatabase};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::Options;
use super::figure::{Aim, Figure, Report};
use super::http::caught_up;
use super::load::{Load, Seen};
use super::log::{open as open_sqlite, spread};
use super::peers::{self, Peer};
use crate::seed::{Seed, seed_on};
use crate::stores::settings_for;

const OVER_SQLITE: &str = "pg_log_256_over_sqlite_log";
const OVER_PER_COMMAND: &str = "pg_log_64_over_per_command";
const OVER_POSTGRES_ES: &str = "pg_log_64_over_postgres_es";
const OVER_UMADB: &str = "pg_log_256_over_umadb";
const HTTP: &str = "http_pg_256_over_http_sqlite";
const REPLAY: &str = "pg_replay_over_raw_scan";
const INSTANCES: &str = "two_instances_over_one";

/// All figures of PostgreSQL, on a server of their own with `fsync` and `synchronous_commit` on.
pub fn measure(options: &Options, report: &mut Report) {
    if !options.wants(&[OVER_SQLITE, OVER_PER_COMMAND, OVER_POSTGRES_ES, OVER_UMADB, HTTP, REPLAY, INSTANCES]) {
        return;
    }
    let server = start_server();
    let time = Duration::from_secs(if options.full { 10 } else { 4 });
    if options.wants(&[OVER_SQLITE, OVER_PER_COMMAND, OVER_POSTGRES_ES, OVER_UMADB]) {
        Runtime::new().expect("a runtime can be made").block_on(appends(&server, options, time, report));
    }
    if options.wants(&[REPLAY]) {
        let events = if options.full { 1_000_000 } else { 200_000 };
        Runtime::new().expect("a runtime can be made").block_on(replay(&server, events, report));
    }
    if options.wants(&[HTTP]) {
        over_http(&server, time, report);
    }
    if options.wants(&[INSTANCES]) {
        instances(&server, time, report);
    }
}

/// A server with the settings that `deploy/instances` has, which has been running for a while: it reuses the files of its write-ahead log.
/// Those of a new server are filled with zeros and synced one after the other while they are written for the first time.
fn start_server() -> PostgresServer {
    let server = PostgresServer::start_with(&[("shared_buffers", "1GB"), ("min_wal_size", "1GB"), ("max_wal_size", "8GB")]);
    server.sql(
        "postgres",
        "DO $$ BEGIN
            FOR file IN 1..64 LOOP
                PERFORM pg_logical_emit_message(false, 'file', file::text), pg_switch_wal();
            END LOOP;
         END $$",
    );
    server.sql("postgres", "CHECKPOINT");
    server
}

fn server_of(database: &TestDatabase) -> Server {
    database.url().parse().expect("it is an address")
}

async fn open(database: &TestDatabase) -> Arc<PostgresLog> {
    let log = PostgresLog::open(&server_of(database), LogOptions::new(Arc::new(Timestamp::now))).await;
    Arc::new(log.expect("the log opens"))
}

/// About 420 bytes of JSON, of which 80 are metadata.
fn data() -> Bytes {
    Bytes::from("{\"legal_name\":\"Turbine Works\"}".repeat(14))
}

/// An event in a stream of its own, whose key is in the order of time.
fn append(data: &Bytes) -> Append {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let event = NewEvent {
        id: Uuid::from_u64_pair(spread(!number), number),
        event_type: "registration.submitted.v1".into(),
        metadata: data.slice(..80),
        data: data.slice(80..),
    };
    let key = Uuid::from_u64_pair((number << 16) | (spread(number) & 0xffff), spread(number));
    Append { stream: StreamId::new("registration", key), expected: Expected::NoStream, events: vec![event], after: None }
}

/// What so many tasks do per second, each one thing after the other.
async fn rate<C>(tasks: usize, time: Duration, once: impl Fn() -> C + Send + Sync + 'static) -> f64
where
    C: Future<Output = ()> + Send,
{
    let (started, once) = (Instant::now(), Arc::new(once));
    let task = || {
        let once = Arc::clone(&once);
        async move {
            let mut done = 0_u32;
            while started.elapsed() < time {
                once().await;
                done += 1;
            }
            done
        }
    };
    let running: tokio::task::JoinSet<u32> = (0..tasks).map(|_| task()).collect();
    f64::from(running.join_all().await.iter().sum::<u32>()) / started.elapsed().as_secs_f64()
}

async fn log_rate(log: Arc<dyn EventStore>, tasks: usize, time: Duration) -> f64 {
    let data = data();
    rate(tasks, time, move || {
        let ticket = log.append(append(&data));
        async move {
            ticket.outcome().await.expect("the log takes it");
        }
    })
    .await
}

async fn appends(server: &PostgresServer, options: &Options, time: Duration, report: &mut Report) {
    let (database, folder) = (server.database(), tempfile::tempdir().expect("a temporary folder can be made"));
    let log = open(&database).await;
    let _warm = log_rate(log.clone(), 64, time / 8).await;
    if options.wants(&[OVER_SQLITE, OVER_UMADB]) {
        let sqlite = open_sqlite(&folder.path().join("events.db"));
        let before = log_rate(sqlite.clone(), 256, time / 2).await;
        let with_256 = log_rate(log.clone(), 256, time).await;
        let after = log_rate(sqlite, 256, time / 2).await;
        let beside = f64::midpoint(before, after);
        report.add(Figure {
            name: OVER_SQLITE,
            value: with_256 / beside,
            aim: Aim::AtLeast(1.0),
            conditions: format!("256 tasks, an event of 420 bytes in a new stream each: {with_256:.0}/s; SQLite: {beside:.0}/s"),
            limit: "processor time: every event is encoded for another process, which has half of the machine's two cores",
        });
        if let Some(peer) = peers::rate(options, Peer::UmaDb) {
            report.add(Figure {
                name: OVER_UMADB,
                value: with_256 / peer,
                aim: Aim::AtLeast(4.0),
                conditions: format!("256 tasks: {with_256:.0}/s; UmaDB over gRPC, conditional appends, 256 tasks: {peer:.0}/s"),
                limit: "what limits pg_log_256_over_sqlite_log",
            });
        }
    }
    if options.wants(&[OVER_PER_COMMAND, OVER_POSTGRES_ES]) {
        let with_64 = log_rate(log.clone(), 64, time).await;
        let (peer, others) = (per_command(&database, 64, time).await, server.database());
        report.add(Figure {
            name: OVER_PER_COMMAND,
            value: with_64 / peer,
            aim: Aim::AtLeast(8.0),
            conditions: format!("64 tasks: {with_64:.0}/s; one transaction for each, gapless by a head row, 64 connections: {peer:.0}/s"),
            limit: "what limits pg_log_256_over_sqlite_log",
        });
        if let Some(peer) = peers::rate(options, Peer::PostgresEs(&others.url())) {
            report.add(Figure {
                name: OVER_POSTGRES_ES,
                value: with_64 / peer,
                aim: Aim::AtLeast(10.0),
                conditions: format!(
                    "64 tasks: {with_64:.0}/s; cqrs-es with postgres-es in process on the same server, 64 tasks: {peer:.0}/s"
                ),
                limit: "what limits pg_log_256_over_sqlite_log",
            });
        }
    }
    log.close().await;
}

const PER_COMMAND: &[Step] = &[Step {
    number: 1,
    name: "one transaction for each command",
    sql: "CREATE TABLE head (position BIGINT NOT NULL);
          INSERT INTO head VALUES (0);
          CREATE TABLE events (
              position BIGINT PRIMARY KEY, stream UUID NOT NULL, version BIGINT NOT NULL, type TEXT NOT NULL, recorded_at BIGINT NOT NULL,
              id UUID NOT NULL, metadata BYTEA NOT NULL, data BYTEA NOT NULL, UNIQUE (stream, version));",
}];

/// What most do: each command in a transaction of its own, which holds the head row from its first statement to its commit, so that
/// positions have no gaps and readers miss nothing.
async fn per_command(database: &TestDatabase, tasks: u32, time: Duration) -> f64 {
    let limits = Limits { connections: tasks, acquire: Duration::from_secs(60), ..Limits::default() };
    let schema = server_of(database).schema("per_command", PER_COMMAND, limits).await.expect("the schema can be made");
    let data = data();
    rate(usize::try_from(tasks).unwrap_or_default(), time, move || one_command(schema.clone(), append(&data))).await
}

async fn one_command(schema: Schema, append: Append) {
    let [event] = <[NewEvent; 1]>::try_from(append.events).expect("it has one event");
    let done = async {
        let mut transaction = schema.pool().begin().await?;
        let position: i64 =
            sqlx::query_scalar("UPDATE head SET position = position + 1 RETURNING position").fetch_one(&mut *transaction).await?;
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM events WHERE stream = $1")
            .bind(append.stream.key)
            .fetch_one(&mut *transaction)
            .await?;
        assert_eq!(newest, None, "the stream is new");
        sqlx::query("INSERT INTO events VALUES ($1, $2, 0, $3, $4, $5, $6, $7)")
            .bind(position)
            .bind(append.stream.key)
            .bind(&*event.event_type)
            .bind(Timestamp::now().as_microsecond())
            .bind(event.id)
            .bind(&event.metadata[..])
            .bind(&event.data[..])
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    };
    done.await.expect("the command is taken");
}

/// All events of a log as the service reads them, over the same rows as the client gives them, untouched.
async fn replay(server: &PostgresServer, events: u64, report: &mut Report) {
    let database = server.database();
    let log = open(&database).await;
    let data = data();
    for _ in 0..events / 10_000 {
        let tickets: Vec<_> = (0..10_000).map(|_| log.append(append(&data))).collect();
        for ticket in tickets {
            ticket.outcome().await.expect("the log takes it");
        }
    }
    let (mut read, mut raw) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        read.push(read_all(&log, events).await);
        raw.push(scan(&database, events).await);
    }
    let (read, raw) = (median(read), median(raw));
    report.add(Figure {
        name: REPLAY,
        value: raw.as_secs_f64() / read.as_secs_f64(),
        aim: Aim::AtLeast(0.5),
        conditions: format!(
            "{events} events of 420 bytes, median of 3: read in pages {read:.2?}, the bare rows in one statement {raw:.2?}"
        ),
        limit: "a page is a statement of its own, and its rows are copied into events",
    });
    log.close().await;
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

async fn read_all(log: &PostgresLog, events: u64) -> Duration {
    let (started, mut after, mut count) = (Instant::now(), Position::START, 0);
    loop {
        let page = log.read_all(after, 4_096).await.expect("the log can be read");
        count += u64::try_from(page.len()).unwrap_or_default();
        let Some(last) = page.last() else { break };
        after = last.position;
    }
    assert_eq!(count, events);
    started.elapsed()
}

async fn scan(database: &TestDatabase, events: u64) -> Duration {
    let schema = server_of(database).schema("gatehouse_log", &[], Limits::default()).await.expect("the schema is there");
    let started = Instant::now();
    let mut rows = sqlx::query("SELECT * FROM events ORDER BY position").fetch(schema.pool());
    let (mut count, mut columns) = (0, 0);
    while let Some(row) = rows.try_next().await.expect("the rows can be read") {
        count += 1;
        columns += row.len();
    }
    assert!(count == events && columns > 0);
    started.elapsed()
}

/// A service with everything in this database, and what is needed to invite to it.
fn served(data: &Path, database: &TestDatabase) -> (Vec<(&'static str, String)>, Seed) {
    let settings = settings_for(database);
    let seed = seed_on(data, &settings);
    (settings, seed)
}

fn start(data: &Path, settings: &[(&'static str, String)]) -> GatehouseProcess {
    let builder = GatehouseProcess::serve(data).within(Duration::from_secs(120)).env("GATEHOUSE_LOG_FILTER", "warn");
    settings.iter().fold(builder, |builder, (name, value)| builder.env(name, value)).start()
}

fn over_http(server: &PostgresServer, time: Duration, report: &mut Report) {
    let (folder, database) = (tempfile::tempdir().expect("a temporary folder can be made"), server.database());
    let (local, remote) = (folder.path().join("sqlite"), folder.path().join("postgres"));
    let local_seed = seed_on(&local, &[]);
    let (settings, remote_seed) = served(&remote, &database);
    let on_sqlite = start(&local, &[]);
    let on_postgres = start(&remote, &settings);
    let load = |time| Load::new(256, time);
    let _warmed = (load(time / 8).run(on_sqlite.address(), &local_seed), load(time / 8).run(on_postgres.address(), &remote_seed));
    let burst = |service: &GatehouseProcess, seed: &Seed, time| -> Seen {
        caught_up(service.address());
        load(time).run(service.address(), seed)
    };
    let before = burst(&on_sqlite, &local_seed, time / 2).rate();
    let with_postgres = burst(&on_postgres, &remote_seed, time);
    caught_up(on_postgres.address());
    let after = burst(&on_sqlite, &local_seed, time / 2).rate();
    let beside = f64::midpoint(before, after);
    report.add(Figure {
        name: HTTP,
        value: with_postgres.rate() / beside,
        aim: Aim::AtLeast(0.8),
        conditions: format!(
            "256 clients, burst of {time:.0?}, log, key ring, vault and read models in PostgreSQL: {}; all in SQLite: {beside:.0}/s",
            with_postgres.text()
        ),
        limit: "processor time: PostgreSQL has a process for each connection on the same two cores",
    });
}

/// The same clients on one instance, and shared out to two.
fn instances(server: &PostgresServer, time: Duration, report: &mut Report) {
    let (folder, database) = (tempfile::tempdir().expect("a temporary folder can be made"), server.database());
    let data = [folder.path().join("one"), folder.path().join("other")];
    let (settings, seed) = served(&data[0], &database);
    let one = start(&data[0], &settings);
    let _warmed = Load::new(256, time / 8).run(one.address(), &seed);
    caught_up(one.address());
    let before = Load::new(256, time / 2).run(one.address(), &seed).rate();
    let other = start(&data[1], &settings);
    caught_up(one.address());
    let both: f64 = std::thread::scope(|scope| {
        let halves = [&one, &other].map(|instance| {
            let (address, seed) = (instance.address(), &seed);
            scope.spawn(move || Load::new(128, time).run(address, seed).rate())
        });
        halves.map(|half| half.join().expect("the clients come to their end")).iter().sum()
    });
    caught_up(one.address());
    assert!(other.terminate().success(), "the other instance ended badly");
    let after = Load::new(256, time / 2).run(one.address(), &seed).rate();
    let alone = f64::midpoint(before, after);
    report.add(Figure {
        name: INSTANCES,
        value: both / alone,
        aim: Aim::AtLeast(0.9),
        conditions: format!("256 clients on one instance: {alone:.0}/s; 128 on each of two: {both:.0}/s together; all on two cores"),
        limit: "both instances, PostgreSQL and the clients share two cores, and each writer has to see what the other wrote",
    });
}
