//! Killed at any moment under load: what was acknowledged is there, nothing twice, nothing half.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use common::{append, case, ids, log_of_child, open, this_test_again, whole_log};
use event_store::{Append, Appended, Direction, EventStore, Expected};
use event_store_sqlite::SqliteLog;

const CLIENTS: u128 = 16;

/// An append of a client: one to three events whose ids tell client, first version and place.
fn appended_by(client: u128, first: u64) -> Append {
    let count = 1 + (client + u128::from(first)) % 3;
    let expected = first.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
    let ids: Vec<u128> = (0..count).map(|place| (client << 80) | (u128::from(first) << 8) | place).collect();
    append(client, expected, &ids)
}

/// Appends to its stream for ever, and tells each acknowledged append by a line.
async fn client(log: Arc<SqliteLog>, client: u128) {
    let newest = log.read_stream(&case(client), u64::MAX, Direction::Backwards, 1).await.unwrap();
    let mut first = newest.first().map_or(0, |event| event.version + 1);
    loop {
        let Appended { position, version, .. } = log.append(appended_by(client, first)).outcome().await.unwrap();
        let line = format!("{client} {first} {position} {version}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        first = version + 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "runs as a child process, to be killed"]
async fn child_that_appends_until_it_is_killed() {
    let log = log_of_child();
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(client(Arc::clone(&log), number))).collect();
    for client in clients {
        client.await.unwrap();
    }
}

/// An acknowledged append: client, first version, position and version of its last event.
type Acknowledged = (u128, u64, u64, u64);

/// Lets a child append, kills it once it has told of this many appends, and gives back all that it told.
fn killed_after(path: &Path, count: usize) -> Vec<Acknowledged> {
    let mut child = this_test_again("child_that_appends_until_it_is_killed", path).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.trim().parse().ok()).collect();
        // The test harness prints lines of its own; a line cut by the kill has no end.
        if let (&[client, first, position, version], true) = (numbers.as_slice(), line.ends_with('\n')) {
            told.push((client.into(), first, position, version));
        }
        if told.len() == count {
            child.kill().unwrap();
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(told.len() >= count, "the child ended by itself after {} appends", told.len());
    told
}

async fn nothing_acknowledged_is_lost(log: &SqliteLog, acknowledged: &[Acknowledged]) {
    let events = whole_log(log).await;
    let by_position: HashMap<u64, _> = events.iter().map(|event| (event.position.0, event)).collect();
    for &(client, first, position, version) in acknowledged {
        let append = appended_by(client, first);
        let last = by_position[&position];
        assert_eq!((&last.stream, last.version, last.id), (&append.stream, version, append.events.last().unwrap().id));
    }
}

async fn nothing_is_there_twice_or_half(log: &SqliteLog) {
    for client in 0..CLIENTS {
        let stored = log.read_stream(&case(client), 0, Direction::Forwards, usize::MAX).await.unwrap();
        let mut wanted = Vec::new();
        while wanted.len() < stored.len() {
            let first = u64::try_from(wanted.len()).unwrap();
            wanted.extend(appended_by(client, first).events.iter().map(|event| event.id.as_u128()));
        }
        assert_eq!(ids(&stored), wanted, "client {client}");
    }
    let report = log.check().await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
}

async fn asked_again_the_answer_is_the_same(log: &SqliteLog, acknowledged: &[Acknowledged]) {
    for &(client, first, position, version) in acknowledged {
        let again = log.append(appended_by(client, first)).outcome().await.unwrap();
        assert_eq!((again.position.0, again.version, again.repeated), (position, version, true));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut acknowledged = Vec::new();
    for cycle in 0..20 {
        let told = killed_after(&path, 1 + cycle * cycle * 3);
        let log = open(&path);
        asked_again_the_answer_is_the_same(&log, &told).await;
        acknowledged.extend(told);
        nothing_acknowledged_is_lost(&log, &acknowledged).await;
        nothing_is_there_twice_or_half(&log).await;
    }
}
