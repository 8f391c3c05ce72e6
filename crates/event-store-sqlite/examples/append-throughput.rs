//! How fast the log is on this machine, beside how fast its disk can sync.
//!
//! ```sh
//! cargo run --release -p event-store-sqlite --example append-throughput -- [FOLDER] [SECONDS] [EVENTS TO FILL WITH FIRST]
//! cargo run --release -p event-store-sqlite --example append-throughput -- LOG
//! ```
//!
//! Prints, for 1, 64, 256 and 1024 appends in flight: appends of one event of about 420 bytes per second, with latencies
//! and processor time: to new streams with ids in the order of time, to recent streams, to new streams with random ids
//! (as those named by a digest are), and (after filling) to random old ones. Then events read per second, beside a bare
//! scan; only these of a log that is there already.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool: prints, fails loudly, reads the clock")]

use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use event_store::{Append, EventStore, Expected, NewEvent, Position, StreamId};
use event_store_sqlite::{Options, SqliteLog};
use jiff::Timestamp;
use uuid::Uuid;

/// Which streams are appended to.
#[derive(Clone, Copy)]
enum Streams {
    New,
    Recent,
    NewRandom,
    Random { filled: u64 },
}

/// Ids in the order of time have this much between them, for the random part.
const STEP: u64 = 1 << 16;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Spread like a digest (splitmix64), but the same in every run.
fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn stream(number: u64) -> StreamId {
    StreamId::new("registration", Uuid::from_u64_pair(number * STEP + spread(number) % STEP, spread(number)))
}

fn random_stream(number: u64) -> StreamId {
    StreamId::new("reservation", Uuid::from_u64_pair(spread(number), number))
}

fn event(data: &Bytes) -> NewEvent {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    NewEvent {
        id: Uuid::from_u64_pair(spread(!number), number),
        event_type: "registration.submitted.v1".into(),
        metadata: data.slice(..80),
        data: data.slice(80..),
    }
}

fn append(stream: StreamId, expected: Expected, data: &Bytes) -> Append {
    Append { stream, expected, events: vec![event(data)], after: None }
}

/// One client: as many appends as it can make until the end, each waited for.
async fn client(log: Arc<SqliteLog>, streams: Streams, (base, clients, number): (u64, u64, u64), end: Instant) -> Vec<Duration> {
    let data = Bytes::from("{\"legal_name\":\"Turbine Works\"}".repeat(14));
    let mut latencies = Vec::new();
    for round in 0_u64.. {
        let started = Instant::now();
        if started >= end {
            break;
        }
        let (stream, expected) = match streams {
            Streams::New => (stream(base + round * clients + number), Expected::NoStream),
            // Ten events each, then the next stream.
            Streams::Recent => {
                let expected = (round % 10).checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
                (stream(base + (round / 10) * clients + number), expected)
            }
            Streams::NewRandom => (random_stream(base + round * clients + number), Expected::NoStream),
            Streams::Random { filled } => (stream(spread(base + round * clients + number) % filled), Expected::Exact(0)),
        };
        let outcome = log.append(append(stream, expected, &data)).outcome().await;
        // Random old streams may be met twice: a refusal costs about as much as what is measured.
        assert!(outcome.is_ok() || matches!(streams, Streams::Random { .. }), "{outcome:?}");
        latencies.push(started.elapsed());
    }
    latencies
}

async fn appends(log: &Arc<SqliteLog>, name: &str, streams: Streams, clients: u64, seconds: u64) {
    let started = Instant::now();
    let end = started + Duration::from_secs(seconds);
    let base = 20_000_000 + NUMBER.load(Ordering::Relaxed) * 2;
    let busy = processor_time();
    let tasks: Vec<_> = (0..clients).map(|number| tokio::spawn(client(Arc::clone(log), streams, (base, clients, number), end))).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let elapsed = started.elapsed();
    latencies.sort_unstable();
    let quantile = |part: usize| latencies.get((latencies.len() * part / 1000).min(latencies.len() - 1)).copied().unwrap_or_default();
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

/// Overwrites 4 KiB and syncs, again and again, in a file that has its size already.
fn fdatasync(folder: &Path, seconds: u64) {
    let path = folder.join("fdatasync");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path).unwrap();
    file.write_all(&vec![1; 4 << 20]).unwrap();
    file.sync_all().unwrap();
    let page = [7_u8; 4096];
    let mut times = Vec::new();
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        file.seek(SeekFrom::Start(u64::try_from(times.len()).unwrap() % 1024 * 4096)).unwrap();
        let started = Instant::now();
        file.write_all(&page).unwrap();
        file.sync_data().unwrap();
        times.push(started.elapsed());
    }
    std::fs::remove_file(path).unwrap();
    let total: Duration = times.iter().sum();
    times.sort_unstable();
    println!(
        "fdatasync of 4 KiB: {}/s   p50 {:.2?}",
        per_second(times.len(), total),
        times.get(times.len() / 2).copied().unwrap_or_default()
    );
}

async fn fill(log: &Arc<SqliteLog>, events: u64) {
    let data = Bytes::from("{\"legal_name\":\"Turbine Works\"}".repeat(14));
    let started = Instant::now();
    let mut number = 0;
    while number < events {
        let tickets: Vec<_> =
            (number..(number + 10_000).min(events)).map(|number| log.append(append(stream(number), Expected::NoStream, &data))).collect();
        number += 10_000;
        for ticket in tickets {
            ticket.outcome().await.unwrap();
        }
        if number % 1_000_000 == 0 {
            println!("filled with {number} events: {}/s", per_second(usize::try_from(number).unwrap(), started.elapsed()));
        }
    }
}

async fn replay(log: &Arc<SqliteLog>, page: usize) {
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

fn scan(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut query = connection.prepare("SELECT position, metadata, data FROM events ORDER BY position").unwrap();
    let started = Instant::now();
    let (mut count, mut bytes) = (0, 0);
    let mut rows = query.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        bytes += row.get_ref(1).unwrap().as_blob().unwrap().len() + row.get_ref(2).unwrap().as_blob().unwrap().len();
        count += 1;
    }
    println!("bare scan:               {:>9} events/s", per_second(count, started.elapsed()));
    let pages: i64 =
        connection.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0)).unwrap();
    println!("file: {pages} bytes, {} per event, {} of them metadata and data", pages / i64::try_from(count).unwrap(), bytes / count);
}

async fn read(log: &Arc<SqliteLog>, path: &Path) {
    for page in [512, 1024, 4096] {
        replay(log, page).await;
    }
    scan(path);
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments.first().map_or_else(std::env::temp_dir, PathBuf::from);
    let seconds = arguments.get(1).map_or(3, |text| text.parse().unwrap());
    let filled: u64 = arguments.get(2).map_or(0, |text| text.parse().unwrap());
    if folder.is_file() {
        let log = Arc::new(SqliteLog::open(&folder, Options::new(Arc::new(Timestamp::now))).unwrap());
        return read(&log, &folder).await;
    }
    let folder = tempfile::tempdir_in(folder).unwrap();
    let path = folder.path().join("log.db");
    fdatasync(folder.path(), 1);
    let log = Arc::new(SqliteLog::open(&path, Options::new(Arc::new(Timestamp::now))).unwrap());
    fill(&log, filled).await;
    for clients in [1, 64, 256, 1024] {
        appends(&log, "new streams", Streams::New, clients, seconds).await;
        appends(&log, "recent streams", Streams::Recent, clients, seconds).await;
        appends(&log, "new random", Streams::NewRandom, clients, seconds).await;
        if filled > 0 {
            appends(&log, "random streams", Streams::Random { filled }, clients, seconds).await;
        }
    }
    fdatasync(folder.path(), 1);
    read(&log, &path).await;
    let started = Instant::now();
    drop(log);
    println!("close: {:.2?}", started.elapsed());
    let started = Instant::now();
    let log = SqliteLog::open(&path, Options::new(Arc::new(Timestamp::now))).unwrap();
    println!("open: {:.2?}", started.elapsed());
    drop(log);
}
