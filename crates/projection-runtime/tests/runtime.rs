//! Read models follow the log, wait for what is asked, stop visibly, and survive being killed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests fail the test")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{SOON, Words, World, count, on_both_engines, until};
use event_store::EventStore;
use projection_runtime::{Position, Projection, ProjectionState, ViewError};
use tokio::sync::Semaphore;

on_both_engines! {
    a_read_waits_for_its_minimum_position_and_says_which_it_answers_for,
    an_event_that_cannot_be_applied_stops_its_read_model_only_and_says_why,
    a_projection_that_panics_is_stopped_and_the_others_go_on,
    an_event_of_an_unknown_type_stops_everything_at_its_position,
    a_database_error_is_tried_again_and_nothing_is_applied_twice,
    a_read_model_whose_database_keeps_failing_waits_visibly_and_goes_on_by_itself,
    a_slow_read_model_does_not_stall_the_others,
    a_restart_goes_on_where_it_was,
}

async fn a_read_waits_for_its_minimum_position_and_says_which_it_answers_for(world: World) {
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let position = world.say_many(30).await;
    let views = runtime.views("words").unwrap();
    let mut view = views.read(Some(position), SOON).await.unwrap();
    assert_eq!(view.position(), position);
    assert_eq!(count(view.rows()).await, 30);

    world.say("later").await;
    runtime.wait_for(Position(31), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 30, "a view does not change while it is held");

    let refused = views.read(Some(Position(32)), Duration::ZERO).await.err().unwrap();
    assert!(matches!(refused, ViewError::NotYet { at: Position(31), stopped: false, .. }), "{refused}");
    assert!(runtime.views("unknown").is_none());
    drop(view);
    runtime.shutdown().await;
}

async fn an_event_that_cannot_be_applied_stops_its_read_model_only_and_says_why(world: World) {
    let poisoned = Words { poison: Some("bad"), ..Words::named("poisoned") };
    let runtime = world.start(vec![Arc::new(poisoned), Arc::new(Words::named("words"))]).await;
    world.say_many(5).await;
    let bad = world.say("bad").await;
    let last = world.say_many(5).await;

    let mut view = runtime.views("words").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 11);
    drop(view);

    let views = runtime.views("poisoned").unwrap();
    let refused = views.read(Some(bad), SOON).await.err().unwrap();
    assert!(matches!(refused, ViewError::NotYet { at: Position(5), stopped: true, .. }), "{refused}");
    let status = runtime.status().remove(0);
    assert_eq!(status.position, Position(5), "everything before the event is applied");
    assert_eq!(status.lag_events, 6);
    assert_eq!(status.state, ProjectionState::Stopped { position: bad, reason: "bad is poison".to_owned() });
    let mut view = views.read(None, SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 5);
    drop(view);
    runtime.shutdown().await;

    let runtime = world.start(vec![Arc::new(Words::named("poisoned"))]).await;
    let mut view = runtime.views("poisoned").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 11, "the next start tries again, now with code that knows the event");
    drop(view);
    runtime.shutdown().await;
}

async fn a_projection_that_panics_is_stopped_and_the_others_go_on(world: World) {
    let panics = Words { panics_at: Some("bad"), ..Words::named("panics") };
    let runtime = world.start(vec![Arc::new(panics), Arc::new(Words::named("words"))]).await;
    let last = world.say("bad").await;
    runtime.views("words").unwrap().read(Some(last), SOON).await.unwrap();
    runtime.views("panics").unwrap().read(Some(last), SOON).await.err().unwrap();
    assert!(matches!(runtime.status()[0].state, ProjectionState::Stopped { position: Position(1), .. }));
    runtime.shutdown().await;
}

async fn an_event_of_an_unknown_type_stops_everything_at_its_position(world: World) {
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    world.say("known").await;
    let event = event_store::NewEvent {
        id: uuid::Uuid::from_u128(77),
        event_type: "registration.teleported.v9".into(),
        metadata: bytes::Bytes::from_static(b"{}"),
        data: bytes::Bytes::from_static(b"{}"),
    };
    let unknown = world.raw(projection_runtime::StreamId::new("registration", uuid::Uuid::from_u128(77)), event).await;
    world.say("after").await;
    let refused = runtime.views("words").unwrap().read(Some(unknown), SOON).await.err().unwrap();
    assert!(matches!(refused, ViewError::NotYet { at: Position(1), stopped: true, .. }), "{refused}");
    let ProjectionState::Stopped { position, reason } = runtime.status().remove(0).state else { panic!("not stopped") };
    assert_eq!(position, unknown);
    assert!(reason.contains("registration.teleported.v9"), "{reason}");
    runtime.shutdown().await;
}

async fn a_database_error_is_tried_again_and_nothing_is_applied_twice(world: World) {
    let flaky = Words { fails: AtomicU64::new(2), ..Words::named("flaky") };
    let runtime = world.start(vec![Arc::new(flaky)]).await;
    let last = world.say_many(3).await;
    let mut view = runtime.views("flaky").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 3);
    drop(view);
    runtime.shutdown().await;
}

async fn a_read_model_whose_database_keeps_failing_waits_visibly_and_goes_on_by_itself(world: World) {
    let flaky = Arc::new(Words::named("flaky"));
    let runtime = world.start(vec![flaky.clone()]).await;
    runtime.wait_for(world.say("before").await, SOON).await.unwrap();
    flaky.fails.store(u64::MAX, Ordering::Relaxed);
    let last = world.say_many(3).await;
    let is_waiting = || matches!(&runtime.status()[0].state, ProjectionState::Waiting { reason, .. } if !reason.is_empty());
    until("it waits", is_waiting).await;
    // More failures than were ever given up after.
    until("it goes on trying", || flaky.fails.load(Ordering::Relaxed) < u64::MAX - 5).await;
    assert!(is_waiting());
    flaky.fails.store(0, Ordering::Relaxed);
    let mut view = runtime.views("flaky").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 4);
    drop(view);
    until("it is live again", || runtime.status()[0].state == ProjectionState::Live).await;
    runtime.shutdown().await;
}

async fn a_slow_read_model_does_not_stall_the_others(world: World) {
    let gate = Arc::new(Semaphore::new(1));
    let slow = Arc::new(Words { gate: Some(gate.clone()), ..Words::named("slow") });
    let runtime = world.start(vec![slow, Arc::new(Words::named("words"))]).await;
    let last = world.say_many(12_000).await;
    let mut view = runtime.views("words").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 12_000);
    drop(view);
    assert!(runtime.views("slow").unwrap().position() < last);
    // It has fallen out of the ring by now, and comes back by itself.
    gate.add_permits(100_000);
    let mut view = runtime.views("slow").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 12_000);
    drop(view);
    runtime.shutdown().await;
}

/// The process dies with rows written and the transaction open: neither rows nor checkpoint are there afterwards.
#[test]
fn rows_and_checkpoint_of_a_batch_are_kept_together_or_not_at_all() {
    let process = || tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let mut world = World::new();
    let killed = process();
    let left = killed.block_on(async {
        let gate = Arc::new(Semaphore::new(1));
        let words = Arc::new(Words { gate: Some(gate), ..Words::named("words") });
        let runtime = world.start(vec![words.clone()]).await;
        let first = world.say("first").await;
        runtime.wait_for(first, SOON).await.unwrap();
        words.at_gate.store(false, Ordering::SeqCst);
        world.say("second").await;
        until("the second batch waits at the gate", || words.at_gate.load(Ordering::SeqCst)).await;
        std::mem::forget(runtime);
        world.left_behind()
    });
    killed.shutdown_background();
    world.data = left;
    process().block_on(async {
        let gate = Arc::new(Semaphore::new(0));
        let runtime = world.start(vec![Arc::new(Words { gate: Some(gate.clone()), ..Words::named("words") })]).await;
        let mut view = runtime.views("words").unwrap().read(None, SOON).await.unwrap();
        assert_eq!((view.position(), count(view.rows()).await), (Position(1), 1));
        drop(view);
        gate.add_permits(10);
        let mut view = runtime.views("words").unwrap().read(Some(Position(2)), SOON).await.unwrap();
        assert_eq!(count(view.rows()).await, 2);
        drop(view);
        runtime.shutdown().await;
    });
}

async fn a_restart_goes_on_where_it_was(world: World) {
    let words = || -> Vec<Arc<dyn Projection>> { vec![Arc::new(Words::named("words"))] };
    let runtime = world.start(words()).await;
    runtime.wait_for(world.say_many(10).await, SOON).await.unwrap();
    runtime.shutdown().await;
    let files = world.files();
    world.say("while nobody looked").await;

    let runtime = world.start(words()).await;
    let mut view = runtime.views("words").unwrap().read(Some(Position(11)), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 11);
    drop(view);
    assert_eq!(world.files(), files);
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_history_or_beyond_the_end_of_the_log_are_built_anew() {
    let world = World::new();
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    runtime.wait_for(world.say_many(10).await, SOON).await.unwrap();
    runtime.shutdown().await;

    let restored = World::of_epoch(2);
    restored.say_many(20).await;
    let world = world.with_store(restored.store.clone());
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let mut view = runtime.views("words").unwrap().read(Some(Position(20)), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 20);
    drop(view);
    runtime.shutdown().await;

    let shorter = World::of_epoch(2);
    shorter.say_many(4).await;
    let world = world.with_store(shorter.store.clone());
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let mut view = runtime.views("words").unwrap().read(Some(Position(4)), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 4);
    drop(view);
    assert_eq!(*world.store.head().borrow(), Position(4));
    runtime.shutdown().await;
}
