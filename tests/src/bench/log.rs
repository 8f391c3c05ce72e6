//! The log by itself, and the disk by itself.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use event_store::{Append, EventStore, Expected, NewEvent, Position, Recorded, StreamId};
use event_store_sqlite::{Options as LogOptions, SqliteLog};
use jiff::Timestamp;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::Options;
use super::figure::{Aim, Figure, Report};

/// Opens a log with what is right for serving.
///
/// # Panics
/// When it cannot be opened.
#[must_use]
pub fn open(path: &Path) -> Arc<SqliteLog> {
    Arc::new(SqliteLog::open(path, LogOptions::new(Arc::new(Timestamp::now))).expect("the log opens"))
}

/// Median of overwriting 4 KiB in place and syncing the data.
#[must_use]
pub fn fdatasync(folder: &Path, time: Duration) -> Duration {
    let path = folder.join("fdatasync");
    let mut file = File::options().create(true).truncate(true).write(true).open(&path).expect("the file can be made");
    file.write_all(&vec![1; 4 << 20]).expect("the file can be written");
    file.sync_all().expect("the file can be synced");
    let page = [7_u8; 4096];
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < time {
        file.seek(SeekFrom::Start(u64::try_from(times.len()).unwrap_or_default() % 1024 * 4096)).expect("the file has this place");
        let began = Instant::now();
        file.write_all(&page).expect("the file can be written");
        file.sync_data().expect("the file can be synced");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// The records of one `InviteOrg`.
#[derive(Debug, Clone)]
pub struct Pair {
    reservation: Recorded,
    invitation: Recorded,
}

impl Pair {
    /// Bytes of metadata and data of both.
    #[must_use]
    pub fn bytes(&self) -> usize {
        [&self.reservation, &self.invitation].iter().map(|event| event.metadata.len() + event.data.len()).sum()
    }

    fn append(event: &Recorded, number: u64, key: u64, after: Option<event_store::Gate>) -> Append {
        let id = Uuid::from_u64_pair(spread(key), number);
        let new = NewEvent { id, event_type: event.event_type.clone(), metadata: event.metadata.clone(), data: event.data.clone() };
        let stream = StreamId { category: event.stream.category.clone(), key: Uuid::from_u64_pair(key, number) };
        Append { stream, expected: Expected::NoStream, events: vec![new], after }
    }
}

/// The records that an `InviteOrg` left in this log.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn pair_of(path: &Path) -> Pair {
    let log = open(path);
    let events = Runtime::new().expect("a runtime can be made").block_on(log.read_all(Position::START, 10_000));
    let events = events.expect("the log can be read");
    let of = |name: &str| events.iter().find(|event| &*event.event_type == name).cloned().expect("the log has invitations");
    Pair { reservation: of("reservation.taken.v1"), invitation: of("invitation.sent.v2") }
}

/// Spread like a digest (splitmix64), but the same in every run.
#[must_use]
pub fn spread(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Pairs per second that so many tasks put into a new log: the reservation in a stream with a random key, the invitation, which
/// waits for it, in one with a key in the order of time.
#[must_use]
pub fn bare_pairs(path: &Path, pair: &Pair, tasks: usize, time: Duration) -> f64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let log = open(path);
    let runtime = Runtime::new().expect("a runtime can be made");
    let started = Instant::now();
    let done: u32 = runtime.block_on(async {
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let (log, pair) = (Arc::clone(&log), pair.clone());
                tokio::spawn(async move {
                    let mut done = 0_u32;
                    while started.elapsed() < time {
                        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                        let reservation = log.append(Pair::append(&pair.reservation, number, spread(number), None));
                        let invitation = log.append(Pair::append(&pair.invitation, spread(number), number, Some(reservation.gate())));
                        invitation.outcome().await.expect("the log takes it");
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += task.await.expect("a task comes to its end");
        }
        done
    });
    f64::from(done) / started.elapsed().as_secs_f64()
}

const RECENT: &str = "append_10m_recent_over_empty";
const RANDOM: &str = "append_10m_random_over_empty";

/// Appends to a log that is full, over appends to one that is empty.
pub fn measure(options: &Options, report: &mut Report) {
    if !options.wants(&[RECENT, RANDOM]) {
        return;
    }
    let events: u64 = if options.full { 10_000_000 } else { 1_000_000 };
    let time = Duration::from_secs(if options.full { 10 } else { 3 });
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let runtime = Runtime::new().expect("a runtime can be made");
    let empty = open(&folder.path().join("empty.db"));
    let log = open(&folder.path().join("full.db"));
    runtime.block_on(async {
        fill(&log, events).await;
        let before = appends(&empty, Streams::Recent { from: 1 << 40 }, time).await;
        let recent = appends(&log, Streams::Recent { from: 1 << 40 }, time).await;
        let random = appends(&log, Streams::Random { filled: events }, time).await;
        let after = appends(&empty, Streams::Recent { from: 1 << 41 }, time).await;
        let base = f64::midpoint(before, after);
        let conditions = |rate: f64| format!("256 tasks, a log of {events} events: {rate:.0}/s; an empty one: {base:.0}/s");
        report.add(Figure {
            name: RECENT,
            value: recent / base,
            aim: Aim::AtLeast(1.0),
            conditions: conditions(recent),
            limit: "the tree of events is a level deeper, and checkpoints write to a larger file; within a few percent it is noise",
        });
        report.add(Figure {
            name: RANDOM,
            value: random / base,
            aim: Aim::AtLeast(0.4),
            conditions: conditions(random),
            limit: "each append to an old stream reads and dirties pages all over the file",
        });
    });
}

#[derive(Debug, Clone, Copy)]
enum Streams {
    /// Ten events each, then the next.
    Recent { from: u64 },
    /// Each to another of those that the log was filled with.
    Random { filled: u64 },
}

fn key(number: u64) -> Uuid {
    Uuid::from_u64_pair((number << 16) | (spread(number) & 0xffff), spread(number))
}

fn append(stream: u64, expected: Expected, data: &bytes::Bytes) -> Append {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let event = NewEvent {
        id: Uuid::from_u64_pair(spread(!number), number),
        event_type: "registration.submitted.v1".into(),
        metadata: data.slice(..80),
        data: data.slice(80..),
    };
    Append { stream: StreamId::new("registration", key(stream)), expected, events: vec![event], after: None }
}

fn data() -> bytes::Bytes {
    bytes::Bytes::from("{\"legal_name\":\"Turbine Works\"}".repeat(14))
}

async fn fill(log: &SqliteLog, events: u64) {
    let data = data();
    let mut number = 0;
    while number < events {
        let until = (number + 10_000).min(events);
        let tickets: Vec<_> = (number..until).map(|number| log.append(append(number, Expected::NoStream, &data))).collect();
        for ticket in tickets {
            ticket.outcome().await.expect("the log takes it");
        }
        number = until;
    }
}

async fn appends(log: &Arc<SqliteLog>, streams: Streams, time: Duration) -> f64 {
    const TASKS: u64 = 256;
    let started = Instant::now();
    let task = |task: u64| {
        let log = Arc::clone(log);
        async move {
            let (data, mut done) = (data(), 0_u32);
            for round in 0_u64.. {
                if started.elapsed() >= time {
                    break;
                }
                let (stream, expected) = match streams {
                    Streams::Recent { from } => {
                        let expected = (round % 10).checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
                        (from / (1 << 16) + (round / 10) * TASKS + task, expected)
                    }
                    Streams::Random { filled } => (spread(round * TASKS + task) % filled, Expected::Exact(0)),
                };
                let outcome = log.append(append(stream, expected, &data)).outcome().await;
                // A random stream may be met twice: a refusal costs about as much as what is measured.
                assert!(outcome.is_ok() || matches!(streams, Streams::Random { .. }), "{outcome:?}");
                done += 1;
            }
            done
        }
    };
    let tasks: Vec<_> = (0..TASKS).map(|number| tokio::spawn(task(number))).collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.expect("a task comes to its end");
    }
    f64::from(done) / started.elapsed().as_secs_f64()
}
