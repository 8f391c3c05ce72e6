//! What the tests of the log share.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each test uses a part of it; helpers of tests fail loudly")]

pub(crate) mod load;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use event_store::conformance::ticking_clock;
use event_store::{Append, AppendError, Appended, EventStore, Expected, NewEvent, Position, Recorded, StreamId};
use event_store_postgres::{Options, PostgresLog};
use uuid::Uuid;

/// How long anything may take that happens by itself.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) fn options() -> Options {
    Options::new(ticking_clock())
}

pub(crate) async fn open(url: &str) -> Arc<PostgresLog> {
    open_with(url, options()).await
}

pub(crate) async fn open_with(url: &str, options: Options) -> Arc<PostgresLog> {
    Arc::new(PostgresLog::open(&url.parse().unwrap(), options).await.unwrap())
}

pub(crate) fn case(key: u128) -> StreamId {
    StreamId::new("case", Uuid::from_u128(key))
}

pub(crate) fn event(id: u128) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128(id),
        event_type: "case.noted.v1".into(),
        metadata: Bytes::from_static(b"{}"),
        data: Bytes::from(format!("data {id}")),
    }
}

pub(crate) fn append(key: u128, expected: Expected, ids: &[u128]) -> Append {
    Append { stream: case(key), expected, events: ids.iter().map(|id| event(*id)).collect(), after: None }
}

pub(crate) async fn ask(log: &PostgresLog, append: Append) -> Result<Appended, AppendError> {
    log.append(append).outcome().await
}

pub(crate) async fn whole_log(log: &PostgresLog) -> Vec<Recorded> {
    log.read_all(Position::START, usize::MAX).await.unwrap()
}

pub(crate) fn ids(events: &[Recorded]) -> Vec<u128> {
    events.iter().map(|event| event.id.as_u128()).collect()
}

/// The log is whole: gapless positions and versions, times that do not decrease.
pub(crate) async fn is_whole(log: &PostgresLog) {
    assert_eq!(log.check().await.unwrap().problems, Vec::<String>::new());
}
