//! Logs of a million events and more: replaying, rebuilding, the review queue, the size on disk.

mod queue;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_codec::{Codec, Metadata};
use event_store::{EventStore, Position, Recorded};
use event_store_sqlite::SqliteLog;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;

use super::Options;
use super::figure::{Aim, Figure, Report};
use super::stories::{EVENTS, Fixture, Stage, read_models};

const REPLAY: &str = "replay_typed_over_raw_scan";
const REBUILD: &str = "rebuild_all_over_typed_decode";
const BYTES: &str = "bytes_per_event_over_sealed_json";
const QUEUE: &[&str] = &["queue_page_p99_ms", "queue_page_p99_over_bare_select"];

/// All figures of a log of registrations, of which a tenth is open.
pub fn measure(options: &Options, report: &mut Report) {
    if !options.wants(&[REPLAY, REBUILD, BYTES]) && !options.wants(QUEUE) {
        return;
    }
    let registrations: u64 = if options.full { 1_000_000 } else { 100_000 };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    let runtime = Runtime::new().expect("a runtime can be made");
    let fixture = Fixture::open(&data);
    runtime.block_on(fixture.fill(0, registrations, Stage::Reviewed));
    let path = data.join("log").join("events.db");
    let events = registrations * EVENTS;
    size(&path, events, report);
    let raw = scan(&path);
    let typed = runtime.block_on(replay(&fixture.log, &fixture.codec));
    report.add(Figure {
        name: REPLAY,
        value: per_second(events, typed) / per_second(events, raw),
        aim: Aim::AtLeast(0.4),
        conditions: format!(
            "{events} events, two boxes in ten: {:.0}/s read, opened and decoded with two threads; bare rows on one: {:.0}/s",
            per_second(events, typed),
            per_second(events, raw)
        ),
        limit: "decoding JSON into types, and opening the boxes (XChaCha20-Poly1305)",
    });
    if options.wants(&[REBUILD]) || options.wants(QUEUE) {
        let rebuilt = runtime.block_on(rebuild_all(&data, &fixture));
        report.add(Figure {
            name: REBUILD,
            value: per_second(events, rebuilt) / per_second(events, typed),
            aim: Aim::AtLeast(0.5),
            conditions: format!(
                "{events} events into all read models in one pass: {:.0}/s; decoded only: {:.0}/s",
                per_second(events, rebuilt),
                per_second(events, typed)
            ),
            limit: "rows: the read models take turns on the cores, and inserts and sorts of SQLite are most of it",
        });
    }
    if options.wants(QUEUE) {
        runtime.block_on(queue::measure(&data, &fixture, registrations, options, report));
    }
}

/// Builds all read models from one pass over the log.
///
/// # Panics
/// When one of them cannot be built.
pub async fn rebuild_all(data: &Path, fixture: &Fixture) -> Duration {
    let started = Instant::now();
    let (log, clock): (Arc<dyn EventStore>, event_store::Clock) = (Arc::<SqliteLog>::clone(&fixture.log), Arc::new(Timestamp::now));
    projection_runtime::rebuild(data, None, log, fixture.codec.clone(), clock, &read_models(), |_| {})
        .await
        .expect("read models can be built");
    started.elapsed()
}

fn per_second(events: u64, elapsed: Duration) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / elapsed.as_secs_f64()
}

/// Reads all bare rows; how long it took.
fn scan(path: &Path) -> Duration {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the log can be read");
    let mut query = connection.prepare("SELECT position, metadata, data FROM events ORDER BY position").expect("the log has events");
    let started = Instant::now();
    let mut rows = query.query([]).expect("the log can be read");
    while let Some(row) = rows.next().expect("the log can be read") {
        let length = |column| row.get_ref(column).expect("a column").as_blob().expect("bytes").len();
        std::hint::black_box(length(1) + length(2));
    }
    started.elapsed()
}

/// Bytes of all events and their metadata as JSON, with personal values in sealed boxes.
fn json_bytes(connection: &Connection) -> usize {
    let mut query = connection.prepare("SELECT metadata, data FROM events").expect("the log has events");
    let bytes = query.query_map([], |row| {
        let Metadata { command, fingerprint, actor, from, cause } =
            Metadata::decode(row.get_ref(0)?.as_blob()?).expect("metadata can be read");
        let mut metadata = json!({ "cmd": command, "fp": format!("{:032x}", fingerprint.0), "actor": actor, "from": from });
        if let Some(cause) = cause {
            metadata["cause"] = json!(cause);
        }
        Ok(metadata.to_string().len() + row.get_ref(1)?.as_blob()?.len())
    });
    bytes.expect("the log can be read").map(|bytes| bytes.expect("the log can be read")).sum()
}

/// Reads, opens and decodes all events: the next page is read while one is decoded in two halves, as the service does it.
async fn replay(log: &Arc<SqliteLog>, codec: &Codec) -> Duration {
    let started = Instant::now();
    let (sender, mut pages) = tokio::sync::mpsc::channel::<Vec<Recorded>>(4);
    let reader = Arc::clone(log);
    let reading = tokio::spawn(async move {
        let mut after = Position::START;
        loop {
            let page = reader.read_all(after, 2048).await.expect("the log can be read");
            let Some(last) = page.last() else { return };
            after = last.position;
            if sender.send(page).await.is_err() {
                return;
            }
        }
    });
    while let Some(mut page) = pages.recv().await {
        let second = page.split_off(page.len() / 2);
        let halves = [page, second].map(|half| {
            let codec = codec.clone();
            spawn_blocking(move || half.iter().for_each(|event| drop(codec.decode(event).expect("an event can be read"))))
        });
        for half in halves {
            half.await.expect("decoding comes to its end");
        }
    }
    reading.await.expect("reading comes to its end");
    started.elapsed()
}

fn size(path: &Path, events: u64, report: &mut Report) {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the log can be read");
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let file: i64 = connection.query_row(pages, [], |row| row.get(0)).expect("the file has a size");
    let json = json_bytes(&connection);
    let each = |bytes: u64| per_second(bytes, Duration::from_secs(1)) / per_second(events, Duration::from_secs(1));
    let (file, json) = (u64::try_from(file).unwrap_or_default(), u64::try_from(json).unwrap_or_default());
    report.add(Figure {
        name: BYTES,
        value: each(file) / each(json),
        aim: Aim::AtMost(1.2),
        conditions: format!(
            "{events} events: {:.0} bytes each in the file, indexes included; {:.0} as JSON with sealed boxes, metadata as JSON too",
            each(file),
            each(json)
        ),
        limit: "ids, versions and times of events, the indexes by stream and by key, and free space in pages",
    });
}
