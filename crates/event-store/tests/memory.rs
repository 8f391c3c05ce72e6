//! The in-memory log passes the conformance suite, and can be as slow or as broken as a disk.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use event_store::conformance::{Subject, ticking_clock};
use event_store::memory::MemoryStore;
use event_store::{Append, AppendError, Clock, EventStore, Expected, GateState, NewEvent, Position, StreamId};
use uuid::Uuid;

#[derive(Default)]
struct Memory(Option<Arc<MemoryStore>>);

#[async_trait]
impl Subject for Memory {
    async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
        let store = Arc::new(match &self.0 {
            None => MemoryStore::new(clock),
            Some(earlier) => earlier.reopened(clock),
        });
        self.0 = Some(Arc::clone(&store));
        store
    }
}

event_store::conformance_tests!(Memory::default());

fn noted(key: u128, expected: Expected) -> Append {
    let event = NewEvent { id: Uuid::from_u128(key), event_type: "case.noted.v1".into(), metadata: Bytes::new(), data: Bytes::new() };
    Append { stream: StreamId::new("case", Uuid::from_u128(1)), expected, events: vec![event], after: None }
}

#[tokio::test]
async fn held_appends_are_made_in_order_when_released() {
    let store = MemoryStore::new(ticking_clock());
    store.hold();
    let first = store.append(noted(1, Expected::NoStream));
    let second = store.append(Append { after: Some(first.gate()), ..noted(2, Expected::Exact(0)) });
    assert_eq!((store.held(), first.gate().state(), *store.head().borrow()), (2, GateState::Pending, Position::START));
    store.release();
    assert_eq!(first.outcome().await.unwrap().position, Position(1));
    assert_eq!(second.outcome().await.unwrap().position, Position(2));
    assert_eq!(store.held(), 0);
}

#[tokio::test]
async fn held_appends_can_fail_as_a_commit_does() {
    let store = MemoryStore::new(ticking_clock());
    store.hold();
    let first = store.append(noted(1, Expected::NoStream));
    let gate = first.gate();
    store.fail_held("disk full");
    assert!(matches!(first.outcome().await, Err(AppendError::Unavailable(reason)) if &*reason == "disk full"));
    let dependent = store.append(Append { after: Some(gate), ..noted(2, Expected::NoStream) });
    assert!(matches!(dependent.outcome().await, Err(AppendError::PrerequisiteFailed)));
    let healed = store.append(noted(1, Expected::NoStream));
    assert_eq!(healed.outcome().await.unwrap().position, Position(1));
}
