//! Consumers get each event in order, from their own place in the log, until they are done with it.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use common::{SOON, World, until};
use parking_lot::Mutex;
use projection_runtime::{Begin, Consumer, ConsumerError, ConsumerState, Envelope, Lease, Position};

struct Scribe {
    begins: Begin,
    got: Mutex<Vec<u64>>,
    /// Says "later" this many times.
    later: AtomicU64,
    /// Cannot handle this one.
    stops_at: Option<u64>,
}

impl Scribe {
    fn new() -> Self {
        Self { begins: Begin::FirstEvent, got: Mutex::default(), later: AtomicU64::new(0), stops_at: None }
    }
}

#[async_trait]
impl Consumer for Scribe {
    fn name(&self) -> &'static str {
        "scribe"
    }

    fn begins(&self) -> Begin {
        self.begins
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        if self.later.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(ConsumerError::Later("the mail server is away".to_owned()));
        }
        if self.stops_at == Some(event.position.0) {
            return Err(ConsumerError::Stop("no idea what to do".to_owned()));
        }
        self.got.lock().push(event.position.0);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_gets_each_event_in_order_and_goes_on_from_its_place_after_a_restart() {
    let world = World::new();
    world.say_many(300).await;
    let scribe = Arc::new(Scribe::new());
    let runtime = world.start(Vec::new()).await;
    runtime.attach(scribe.clone(), Lease::alone()).await.unwrap();
    let position = world.say_many(50).await;
    assert!(runtime.wait_for_consumers(position, SOON).await);
    assert_eq!(*scribe.got.lock(), (1..=350).collect::<Vec<u64>>());
    runtime.shutdown().await;

    let position = world.say("while nobody listened").await;
    let scribe = Arc::new(Scribe::new());
    let runtime = world.start(Vec::new()).await;
    runtime.attach(scribe.clone(), Lease::alone()).await.unwrap();
    assert!(runtime.wait_for_consumers(position, SOON).await);
    assert_eq!(*scribe.got.lock(), [351]);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_handled_now_is_given_again_and_nothing_passes_it() {
    let world = World::new();
    let scribe = Arc::new(Scribe { later: AtomicU64::new(2), ..Scribe::new() });
    let runtime = world.start(Vec::new()).await;
    runtime.attach(scribe.clone(), Lease::alone()).await.unwrap();
    let position = world.say_many(3).await;
    until("the consumer waits", || matches!(runtime.consumers()[0].state, ConsumerState::Waiting { position: Position(1), .. })).await;
    assert!(runtime.wait_for_consumers(position, SOON).await);
    assert_eq!(*scribe.got.lock(), [1, 2, 3]);
    assert_eq!(runtime.consumers()[0].state, ConsumerState::Live);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_gives_up_is_shown_stopped_at_its_event_and_tries_it_again_after_a_restart() {
    let world = World::new();
    let runtime = world.start(Vec::new()).await;
    runtime.attach(Arc::new(Scribe { stops_at: Some(2), ..Scribe::new() }), Lease::alone()).await.unwrap();
    let position = world.say_many(3).await;
    let stopped = ConsumerState::Stopped { position: Position(2), reason: "no idea what to do".to_owned() };
    until("the consumer stops", || runtime.consumers()[0].state == stopped).await;
    assert_eq!(runtime.consumers()[0].lag_events, 2);
    runtime.shutdown().await;

    let scribe = Arc::new(Scribe::new());
    let runtime = world.start(Vec::new()).await;
    runtime.attach(scribe.clone(), Lease::alone()).await.unwrap();
    assert!(runtime.wait_for_consumers(position, SOON).await);
    assert_eq!(*scribe.got.lock(), [2, 3]);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_may_begin_at_the_head_and_then_misses_nothing_more() {
    let world = World::new();
    world.say_many(5).await;
    let runtime = world.start(Vec::new()).await;
    runtime.attach(Arc::new(Scribe { begins: Begin::Head, ..Scribe::new() }), Lease::alone()).await.unwrap();
    runtime.shutdown().await;

    let position = world.say("first for it").await;
    let scribe = Arc::new(Scribe { begins: Begin::Head, ..Scribe::new() });
    let runtime = world.start(Vec::new()).await;
    runtime.attach(scribe.clone(), Lease::alone()).await.unwrap();
    assert!(runtime.wait_for_consumers(position, SOON).await);
    assert_eq!(*scribe.got.lock(), [6]);
    runtime.shutdown().await;
}
