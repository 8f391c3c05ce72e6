//! What the tests of the log share.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it; helpers of tests fail loudly")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use event_store::conformance::ticking_clock;
use event_store::{Append, EventStore, Expected, NewEvent, Position, Recorded, StreamId};
use event_store_sqlite::{Options, SqliteLog};
use uuid::Uuid;

/// Where a child process finds the log that it works on.
pub(crate) const LOG: &str = "GATEHOUSE_TEST_LOG";

pub(crate) fn options() -> Options {
    Options::new(ticking_clock())
}

pub(crate) fn open(path: &Path) -> SqliteLog {
    SqliteLog::open(path, options()).unwrap()
}

pub(crate) fn case(key: u128) -> StreamId {
    StreamId::new("case", Uuid::from_u128(key))
}

pub(crate) fn event(id: u128, data: impl Into<Bytes>) -> NewEvent {
    NewEvent { id: Uuid::from_u128(id), event_type: "case.noted.v1".into(), metadata: Bytes::from_static(b"{}"), data: data.into() }
}

pub(crate) fn append(key: u128, expected: Expected, ids: &[u128]) -> Append {
    Append { stream: case(key), expected, events: ids.iter().map(|id| event(*id, format!("data {id}"))).collect(), after: None }
}

pub(crate) async fn whole_log(log: &impl EventStore) -> Vec<Recorded> {
    log.read_all(Position::START, usize::MAX).await.unwrap()
}

pub(crate) fn ids(events: &[Recorded]) -> Vec<u128> {
    events.iter().map(|event| event.id.as_u128()).collect()
}

/// This test binary again, to run only the named test, on the log at this path.
pub(crate) fn this_test_again(test: &str, log: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]).env(LOG, log);
    command
}

/// The log that a child process was told to work on.
pub(crate) fn log_of_child() -> Arc<SqliteLog> {
    Arc::new(open(Path::new(&std::env::var_os(LOG).unwrap())))
}
