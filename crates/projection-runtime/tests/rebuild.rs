//! Read models are built beside the live one, switched when they have caught up, and equal to it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests fail the test")]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{SOON, Words, World, clock, count, on_both_engines, until};
use event_store::EventStore;
use projection_runtime::{
    Compared, Digest, Position, Progress, Projection, ProjectionState, RebuildError, Rebuilt, Runtime, digest, rebuild,
};
use tokio::sync::Semaphore;

on_both_engines! {
    rebuilding_gives_the_same_rows_in_a_new_file_and_deletes_the_old_one,
    a_rebuild_while_no_service_runs_gives_the_same_rows_and_tells_its_progress,
    rebuilding_from_an_empty_log_ends_at_once,
    a_rebuild_that_fails_leaves_what_is_there,
    the_old_version_answers_until_the_new_one_has_caught_up,
    readers_and_events_go_on_while_it_is_rebuilt,
}

async fn digest_of(runtime: &Runtime, projection: &Words) -> Digest {
    let mut view = runtime.views(projection.name).unwrap().read(None, SOON).await.unwrap();
    digest(view.rows(), projection).await.unwrap()
}

async fn rebuild_offline(world: &World, words: Words) -> Result<(Vec<Rebuilt>, Vec<Progress>), RebuildError> {
    let log: Arc<dyn EventStore> = world.store.clone();
    let projections: Vec<Arc<dyn Projection>> = vec![Arc::new(words)];
    let mut steps = Vec::new();
    let rebuilt =
        rebuild(world.data.path(), world.shared().await, log, world.codec.clone(), clock(), &projections, |step| steps.push(step)).await?;
    Ok((rebuilt, steps))
}

async fn rebuilding_gives_the_same_rows_in_a_new_file_and_deletes_the_old_one(world: World) {
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let position = world.say_many(2_500).await;
    runtime.wait_for(position, SOON).await.unwrap();
    assert_eq!(world.files(), ["words.v1.1.db"]);
    let live = digest_of(&runtime, &Words::named("words")).await;

    let rebuilt = runtime.rebuild("words").await.unwrap();
    assert_eq!(rebuilt, Rebuilt { name: "words", position, compared: Some(Compared { live, rebuilt: live }) });
    assert_eq!(digest_of(&runtime, &Words::named("words")).await, live);
    until("the old file is deleted", || world.files() == ["words.v1.2.db"]).await;

    let last = world.say("one more").await;
    let mut view = runtime.views("words").unwrap().read(Some(last), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 2_501, "the new rows are kept up to date");
    drop(view);
    assert!(matches!(runtime.rebuild("unknown").await, Err(RebuildError::Unknown(_))));
    runtime.shutdown().await;
}

async fn a_rebuild_while_no_service_runs_gives_the_same_rows_and_tells_its_progress(world: World) {
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let position = world.say_many(7_000).await;
    runtime.wait_for(position, SOON).await.unwrap();
    let live = digest_of(&runtime, &Words::named("words")).await;
    runtime.shutdown().await;

    let (rebuilt, steps) = rebuild_offline(&world, Words::named("words")).await.unwrap();
    assert_eq!(rebuilt, [Rebuilt { name: "words", position, compared: None }]);
    assert_eq!((steps[0].done, steps[0].total), (0, 7_000));
    assert_eq!(steps.last().map(|step| (step.done, step.eta)), Some((7_000, Some(Duration::ZERO))));
    assert_eq!(world.files(), ["words.v1.2.db"]);

    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    assert_eq!(digest_of(&runtime, &Words::named("words")).await, live);
    runtime.shutdown().await;
}

async fn rebuilding_from_an_empty_log_ends_at_once(world: World) {
    let (rebuilt, _) = tokio::time::timeout(SOON, rebuild_offline(&world, Words::named("words"))).await.unwrap().unwrap();
    assert_eq!(rebuilt, [Rebuilt { name: "words", position: Position::START, compared: None }]);
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let mut view = runtime.views("words").unwrap().read(None, SOON).await.unwrap();
    assert_eq!((view.position(), count(view.rows()).await), (Position::START, 0));
    drop(view);
    let rebuilt = tokio::time::timeout(SOON, runtime.rebuild("words")).await.unwrap().unwrap();
    assert_eq!(rebuilt.position, Position::START);
    runtime.shutdown().await;
}

async fn a_rebuild_that_fails_leaves_what_is_there(world: World) {
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    world.say_many(10).await;
    runtime.wait_for(world.say("bad").await, SOON).await.unwrap();
    let live = digest_of(&runtime, &Words::named("words")).await;
    runtime.shutdown().await;

    let failed = rebuild_offline(&world, Words { poison: Some("bad"), ..Words::named("words") }).await.err().unwrap();
    assert!(matches!(failed, RebuildError::Unappliable { position: Position(11), .. }), "{failed}");
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    assert_eq!(digest_of(&runtime, &Words::named("words")).await, live);
    until("what the failed build left is swept", || world.files() == ["words.v1.1.db"]).await;
    runtime.shutdown().await;
}

async fn the_old_version_answers_until_the_new_one_has_caught_up(world: World) {
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    let position = world.say_many(10).await;
    runtime.wait_for(position, SOON).await.unwrap();
    runtime.shutdown().await;
    let later = world.say("later").await;

    let gate = Arc::new(Semaphore::new(0));
    let second = Arc::new(Words { version: 2, gate: Some(gate.clone()), ..Words::named("words") });
    let runtime = world.start(vec![second.clone()]).await;
    until("the build has begun", || second.at_gate.load(Ordering::SeqCst)).await;
    let mut view = runtime.views("words").unwrap().read(None, SOON).await.unwrap();
    assert_eq!((view.position(), count(view.rows()).await), (position, 10));
    drop(view);
    let status = runtime.status().remove(0);
    assert_eq!((status.version, status.answers), (2, Some(1)));
    assert!(matches!(status.state, ProjectionState::Rebuilding(Progress { done: 0, total: 11, .. })), "{status:?}");

    gate.add_permits(1_000);
    let mut view = runtime.views("words").unwrap().read(Some(later), SOON).await.unwrap();
    assert_eq!(count(view.rows()).await, 11);
    drop(view);
    assert_eq!(runtime.status()[0].answers, Some(2));
    until("the old version is deleted", || world.files() == ["words.v2.2.db"]).await;
    runtime.shutdown().await;
}

#[test]
fn a_rebuild_that_is_killed_leaves_the_live_one_and_is_swept_at_the_next_start() {
    let process = || tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let world = World::new();
    let killed = process();
    killed.block_on(async {
        let gate = Arc::new(Semaphore::new(1));
        let words = Arc::new(Words { gate: Some(gate), ..Words::named("words") });
        let position = world.say_many(10).await;
        let runtime = world.start(vec![words.clone()]).await;
        runtime.wait_for(position, SOON).await.unwrap();
        words.at_gate.store(false, Ordering::SeqCst);
        let rebuilding = runtime.clone();
        tokio::spawn(async move { rebuilding.rebuild("words").await });
        until("the rebuild waits at the gate", || words.at_gate.load(Ordering::SeqCst)).await;
        assert!(world.files().iter().any(|file| file == "words.v1.2.db.building"), "{:?}", world.files());
        std::mem::forget(runtime);
    });
    killed.shutdown_background();
    process().block_on(async {
        let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
        let mut view = runtime.views("words").unwrap().read(None, SOON).await.unwrap();
        assert_eq!((view.position(), count(view.rows()).await), (Position(10), 10));
        drop(view);
        assert_eq!(world.files(), ["words.v1.1.db"]);
        runtime.shutdown().await;
    });
}

async fn readers_and_events_go_on_while_it_is_rebuilt(world: World) {
    let world = Arc::new(world);
    let runtime = world.start(vec![Arc::new(Words::named("words"))]).await;
    runtime.wait_for(world.say_many(3_000).await, SOON).await.unwrap();
    let rebuilding = tokio::spawn({
        let runtime = runtime.clone();
        async move {
            for _ in 0..3 {
                let compared = runtime.rebuild("words").await.unwrap().compared.unwrap();
                assert_eq!(compared.live, compared.rebuilt, "both at one event, though more come all the time");
            }
        }
    });
    let views = runtime.views("words").unwrap();
    let mut rounds = 0;
    while !rebuilding.is_finished() || rounds < 3 {
        let position = world.say("meanwhile").await;
        let mut view = views.read(Some(position), SOON).await.unwrap();
        let rows = count(view.rows()).await;
        assert_eq!(u64::try_from(rows).unwrap(), view.position().0, "rows and position belong together");
        rounds += 1;
    }
    rebuilding.await.unwrap();
    runtime.shutdown().await;
}
