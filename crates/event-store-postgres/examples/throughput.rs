//! How fast the log is on this machine, beside one that makes a transaction of each command.
//!
//! ```sh
//! cargo run --release -p event-store-postgres --example throughput -- postgres://USER@HOST:PORT/DATABASE [SECONDS]
//! ```
//!
//! Prints, for 1, 64, 256 and 1024 appends in flight: appends of one event of about 420 bytes to new streams per second, with latencies and
//! processor time of this process; the same through two instances; the same with one transaction per command, as gapless, on up to 64
//! connections to the same server. Then events read per second, beside a bare scan. The database must have no log yet.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a tool: prints, fails loudly, reads the clock"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use event_store::{Append, EventStore, Expected, NewEvent, Position, StreamId};
use event_store_postgres::{Options, PostgresLog};
use jiff::Timestamp;
use postgres_schema::{Limits, Schema, Server};
use sqlx::Row;
use uuid::Uuid;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Spread like a digest (splitmix64), but the same in every run.
fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn append(data: &Bytes) -> Append {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let event = NewEvent {
        id: Uuid::from_u64_pair(spread(!number), number),
        event_type: "registration.submitted.v1".into(),
        metadata: data.slice(..80),
        data: data.slice(80..),
    };
    // Ids in the order of time, with a random part.
    let stream = StreamId::new("registration", Uuid::from_u64_pair((number << 16) + spread(number) % (1 << 16), spread(number)));
    Append { stream, expected: Expected::NoStream, events: vec![event], after: None }
}

fn data() -> Bytes {
    Bytes::from("{\"legal_name\":\"Turbine Works\"}".repeat(14))
}

/// One client: as many appends as it can make until the end, each waited for.
async fn client(log: Arc<PostgresLog>, end: Instant) -> Vec<Duration> {
    let data = data();
    let mut latencies = Vec::new();
    loop {
        let started = Instant::now();
        if started >= end {
            return latencies;
        }
        log.append(append(&data)).outcome().await.unwrap();
        latencies.push(started.elapsed());
    }
}

/// One transaction per command: takes the head, checks the stream by its index, writes, commits.
const COMMAND: &str = "
WITH moved AS (
    UPDATE peer_head SET position = position + 1 RETURNING position
)
INSERT INTO peer_events (position, version, recorded_at, category, type, key, id, metadata, data)
SELECT position, 0, $2, 1, 1, $1, $3, $4, $5 FROM moved";

const PEER: &str = "
CREATE TABLE peer_head (one BOOLEAN PRIMARY KEY, position BIGINT NOT NULL) WITH (fillfactor = 10);
INSERT INTO peer_head VALUES (TRUE, 0);
CREATE TABLE peer_events (LIKE gatehouse_log.events INCLUDING ALL)";

async fn peer(schema: Schema, end: Instant) -> Vec<Duration> {
    let data = data();
    let mut latencies = Vec::new();
    loop {
        let started = Instant::now();
        if started >= end {
            return latencies;
        }
        let append = append(&data);
        let event = &append.events[0];
        sqlx::query(COMMAND)
            .bind(append.stream.key)
            .bind(Timestamp::now().as_microsecond())
            .bind(event.id)
            .bind(&*event.metadata)
            .bind(&*event.data)
            .execute(schema.pool())
            .await
            .unwrap();
        latencies.push(started.elapsed());
    }
}

async fn measure<F: Future<Output = Vec<Duration>> + Send + 'static>(
    name: &str,
    clients: u64,
    seconds: u64,
    start: impl Fn(u64, Instant) -> F,
) {
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let busy = processor_time();
    let tasks: Vec<_> = (0..clients).map(|number| tokio::spawn(start(number, end))).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    let quantile = |part: usize| latencies[(latencies.len() * part / 1000).min(latencies.len() - 1)];
    println!(
        "{name:<16} {clients:>4} in flight: {:>8}/s   p50 {:>9.2?}   p99 {:>9.2?}   max {:>9.2?}   processor {:>6.2?} each",
        per_second(latencies.len(), elapsed),
        quantile(500),
        quantile(990),
        quantile(1000),
        (processor_time() - busy) / u32::try_from(latencies.len()).unwrap()
    );
}

fn per_second(count: usize, elapsed: Duration) -> u128 {
    u128::try_from(count).unwrap() * 1_000_000_000 / elapsed.as_nanos().max(1)
}

/// Processor time of this process so far, as Linux tells it in hundredths of a second.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    Duration::from_millis(fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

async fn replay(log: &PostgresLog, page: usize) {
    let started = Instant::now();
    let (mut after, mut count) = (Position::START, 0);
    loop {
        let events = log.read_all(after, page).await.unwrap();
        let Some(last) = events.last() else { break };
        after = last.position;
        count += events.len();
    }
    println!("replay in pages of {page:>5}: {:>9} events/s ({count} events)", per_second(count, started.elapsed()));
}

/// Rows as they come, in pages by the key, nothing made of them.
async fn scan(schema: &Schema) {
    let started = Instant::now();
    let (mut after, mut count, mut bytes) = (0_i64, 0, 0);
    loop {
        let page =
            sqlx::query("SELECT position, metadata, data FROM gatehouse_log.events WHERE position > $1 ORDER BY position LIMIT 1024");
        let rows = page.bind(after).fetch_all(schema.pool()).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.get(0);
        count += rows.len();
        bytes += rows.iter().map(|row| row.get::<&[u8], _>(1).len() + row.get::<&[u8], _>(2).len()).sum::<usize>();
    }
    println!("bare scan:               {:>9} events/s, {} bytes each", per_second(count, started.elapsed()), bytes / count.max(1));
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let server: Server = arguments[0].parse().unwrap();
    let seconds = arguments.get(1).map_or(3, |text| text.parse().unwrap());
    let open = async || Arc::new(PostgresLog::open(&server, Options::new(Arc::new(Timestamp::now))).await.unwrap());
    let log = open().await;
    for clients in [1, 64, 256, 1024] {
        measure("new streams", clients, seconds, |_, end| client(Arc::clone(&log), end)).await;
    }
    let both = [Arc::clone(&log), open().await];
    for clients in [64, 256] {
        measure("two instances", clients, seconds, |number, end| client(Arc::clone(&both[usize::try_from(number % 2).unwrap()]), end))
            .await;
    }
    both[1].close().await;
    let schema = server.schema("throughput_peer", &[], Limits { connections: 64, ..Limits::default() }).await.unwrap();
    sqlx::raw_sql(PEER).execute(schema.pool()).await.unwrap();
    for clients in [1, 64] {
        measure("one transaction", clients, seconds, |_, end| peer(schema.clone(), end)).await;
    }
    for page in [512, 1024, 4096] {
        replay(&log, page).await;
    }
    scan(&schema).await;
    log.close().await;
}
