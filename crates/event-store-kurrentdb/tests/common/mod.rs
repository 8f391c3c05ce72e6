//! What the tests of the log share.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it; helpers of tests fail loudly")]

use std::time::Duration;

use bytes::Bytes;
use event_store::conformance::ticking_clock;
use event_store::{Append, Direction, EventStore, Expected, NewEvent, Position, Recorded, StreamId};
use event_store_kurrentdb::{KurrentLog, Options};
use eventstore_double::{Node, Store};
use uuid::Uuid;

/// Quick to ask again, so that tests of faults are; slow to give up, since the machine may be busy.
pub(crate) fn options() -> Options {
    Options {
        attempt: Duration::from_secs(1),
        append_deadline: Duration::from_secs(15),
        read_deadline: Duration::from_secs(10),
        poll: Duration::from_millis(20),
        ..Options::new(ticking_clock())
    }
}

pub(crate) async fn open(node: &Node) -> KurrentLog {
    KurrentLog::open(&node.url(), options()).await.unwrap()
}

/// A log of its own, its server, and an open connection.
pub(crate) async fn new_log() -> (Store, Node, KurrentLog) {
    let store = Store::new();
    let node = Node::start(&store, 0).await.unwrap();
    let log = open(&node).await;
    (store, node, log)
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

pub(crate) async fn whole_stream(log: &impl EventStore, key: u128) -> Vec<Recorded> {
    log.read_stream(&case(key), 0, Direction::Forwards, usize::MAX).await.unwrap()
}

pub(crate) fn ids(events: &[Recorded]) -> Vec<u128> {
    events.iter().map(|event| event.id.as_u128()).collect()
}

/// Waits until it is so, looking often.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.unwrap();
}
