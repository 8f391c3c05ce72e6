//! Several instances share read models in PostgreSQL: one applies events, the others read, and nothing is applied twice.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests fail the test")]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{SOON, Words, World, count};
use event_store::memory::MemoryStore;
use projection_runtime::{
    Digest, Fence, Lease, Position, Projection, ProjectionState, RebuildError, Runtime, StartError, ViewError, digest,
};
use test_support::eventually;
use test_support::servers::PostgresServer;
use tokio::sync::{Semaphore, watch};

/// A lease that a test gives and takes.
struct Keeper(watch::Sender<Option<Fence>>);

impl Keeper {
    fn without() -> Self {
        Self(watch::Sender::new(None))
    }

    fn with(fence: i64) -> Self {
        Self(watch::Sender::new(Some(Fence(fence))))
    }

    fn lease(&self) -> Lease {
        Lease::of(self.0.subscribe())
    }

    fn give(&self, fence: i64) {
        self.0.send_replace(Some(Fence(fence)));
    }

    fn take(&self) {
        self.0.send_replace(None);
    }
}

fn words() -> Vec<Arc<dyn Projection>> {
    vec![Arc::new(Words::named("words"))]
}

fn at_gate(permits: usize) -> (Arc<Words>, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(permits));
    (Arc::new(Words { gate: Some(gate.clone()), ..Words::named("words") }), gate)
}

async fn rows(runtime: &Runtime, at: Position) -> i64 {
    let mut view = runtime.views("words").unwrap().read(Some(at), SOON).await.unwrap();
    assert!(view.position() >= at);
    count(view.rows()).await
}

async fn digest_of(runtime: &Runtime) -> Digest {
    let mut view = runtime.views("words").unwrap().read(None, SOON).await.unwrap();
    digest(view.rows(), &Words::named("words")).await.unwrap()
}

async fn eventually_is(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, SOON, async || is_so().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_applies_the_others_read_as_soon_as_they_ask_for_it() {
    let world = World::on_postgres();
    let holder = world.start_with(Keeper::with(1).lease(), words()).await;
    let reader = world.start_with(Lease::never(), words()).await;
    assert_eq!(rows(&reader, world.say_many(30).await).await, 30);
    for number in 31..40 {
        assert_eq!(rows(&reader, world.say("more").await).await, number, "their own writes, too");
    }
    let status = reader.status().remove(0);
    assert_eq!((status.position, status.lag_events, status.answers, status.state), (Position(39), 0, Some(1), ProjectionState::Live));
    let refused = reader.rebuild("words").await.unwrap_err();
    assert!(matches!(refused, RebuildError::Elsewhere), "{refused}");
    assert_eq!(digest_of(&reader).await, digest_of(&holder).await);
    reader.shutdown().await;
    holder.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_takes_over_from_where_the_rows_are_and_the_one_before_goes_on_reading() {
    let world = World::on_postgres();
    let (one, two) = (Keeper::with(1), Keeper::without());
    let (first, second) = (world.start_with(one.lease(), words()).await, world.start_with(two.lease(), words()).await);
    assert_eq!(rows(&second, world.say_many(20).await).await, 20);
    for round in 0..4_i64 {
        let (from, to) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        from.take();
        let asleep = world.say("while nobody holds it").await;
        to.give(round + 2);
        let begun = std::time::Instant::now();
        assert_eq!(rows(&first, asleep).await, 21 + round);
        assert_eq!(rows(&second, asleep).await, 21 + round);
        assert!(begun.elapsed() < Duration::from_secs(3), "taken over in {:?}", begun.elapsed());
    }
    assert_eq!(world.files(), ["words.v1.1.db"], "nothing was built anew");
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_paused_in_the_middle_of_a_batch_applies_nothing_when_it_wakes() {
    let world = World::on_postgres();
    let (one, two) = (Keeper::with(1), Keeper::without());
    let (paused, gate) = at_gate(1);
    let first = world.start_with(one.lease(), vec![paused.clone()]).await;
    let second = world.start_with(two.lease(), words()).await;
    assert_eq!(rows(&second, world.say("first").await).await, 1);

    paused.at_gate.store(false, Ordering::SeqCst);
    let second_event = world.say("second").await;
    eventually_is("the batch to be in the middle", || paused.at_gate.load(Ordering::SeqCst)).await;
    // The first does not learn of it: it does not run.
    two.give(2);
    let begun = std::time::Instant::now();
    assert_eq!(rows(&second, second_event).await, 2);
    assert!(begun.elapsed() < Duration::from_secs(5), "taken over in {:?}", begun.elapsed());
    let third = world.say("third").await;
    assert_eq!(rows(&second, third).await, 3);

    gate.add_permits(100);
    eventually_is("the first to have noticed", || matches!(first.status()[0].state, ProjectionState::Waiting { .. })).await;
    one.take();
    let last = world.say("fourth").await;
    assert_eq!((rows(&first, last).await, rows(&second, last).await), (4, 4));
    eventually_is("the first to be well", || first.status()[0].state == ProjectionState::Live).await;
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_fence_writes_nothing_though_its_lease_seems_to_be_held() {
    let world = World::on_postgres();
    let (one, two) = (Keeper::with(5), Keeper::with(6));
    let first = world.start_with(one.lease(), words()).await;
    rows(&first, world.say_many(3).await).await;
    let second = world.start_with(two.lease(), words()).await;
    eventually_is("the second to have claimed the rows", || fences(&world) == ["6"]).await;
    let last = world.say_many(200).await;
    assert_eq!(rows(&second, last).await, 203);
    assert_eq!(fences(&world), ["6"]);
    let late = first.rebuild("words").await.unwrap_err();
    assert!(matches!(late, RebuildError::Elsewhere), "{late}");
    assert_eq!(world.files(), ["words.v1.1.db"]);
    first.shutdown().await;
    second.shutdown().await;
}

fn fences(world: &World) -> Vec<String> {
    world.database.as_ref().unwrap().sql("SELECT fence FROM gatehouse_views.read_model").lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rebuilt_on_one_instance_is_read_on_the_others_and_the_old_rows_go_when_nobody_reads_them() {
    let world = World::on_postgres();
    let holder = world.start_with(Keeper::with(1).lease(), words()).await;
    let reader = world.start_with(Lease::never(), words()).await;
    let position = world.say_many(500).await;
    assert_eq!(rows(&reader, position).await, 500);
    let mut held = reader.views("words").unwrap().read(None, SOON).await.unwrap();

    let rebuilt = holder.rebuild("words").await.unwrap();
    let compared = rebuilt.compared.unwrap();
    assert_eq!((rebuilt.position, compared.live), (position, compared.rebuilt));
    assert_eq!(rows(&reader, world.say("after").await).await, 501);
    assert_eq!(world.files(), ["words.v1.1.db", "words.v1.2.db"], "somebody reads the old rows still");
    assert_eq!(count(held.rows()).await, 500);
    drop(held);
    eventually_is("the old rows to be dropped", || world.files() == ["words.v1.2.db"]).await;
    let schemas = "SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'view\\_%'";
    assert_eq!(world.database.as_ref().unwrap().sql(schemas), "1");
    assert_eq!(digest_of(&reader).await, digest_of(&holder).await);
    reader.shutdown().await;
    holder.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_two_versions_run_each_reads_its_own_rows_and_the_old_ones_go_with_the_last_who_reads_them() {
    let world = World::on_postgres();
    let (one, two) = (Keeper::with(1), Keeper::without());
    let newer = || -> Vec<Arc<dyn Projection>> { vec![Arc::new(Words { version: 2, ..Words::named("words") })] };
    let old = world.start_with(one.lease(), words()).await;
    rows(&old, world.say_many(10).await).await;

    let new = world.start_with(two.lease(), newer()).await;
    assert_eq!(rows(&new, world.say("eleventh").await).await, 11, "what the old version keeps answers until there is more");
    assert_eq!(new.status()[0].answers, Some(1));

    one.take();
    two.give(2);
    eventually_is("the new version to be built", || new.status()[0].answers == Some(2)).await;
    let position = world.say("twelfth").await;
    assert_eq!(rows(&new, position).await, 12);
    let refused = old.views("words").unwrap().read(Some(position), Duration::from_millis(50)).await.err().unwrap();
    assert!(matches!(refused, ViewError::NotYet { at: Position(11), .. }), "it says honestly how far it has come: {refused}");
    assert_eq!((rows(&old, Position(11)).await, world.files().len()), (11, 2));

    two.take();
    one.give(3);
    assert_eq!(rows(&old, position).await, 12, "whoever holds the lease keeps what it knows");
    one.take();
    two.give(4);
    old.shutdown().await;
    eventually_is("the old version to be dropped", || world.files() == ["words.v2.2.db"]).await;
    assert_eq!(rows(&new, world.say("thirteenth").await).await, 13);
    new.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_beyond_the_end_of_the_log_stop_the_start_and_are_left_as_they_are() {
    let world = World::on_postgres();
    let runtime = world.start(words()).await;
    runtime.wait_for(world.say_many(10).await, SOON).await.unwrap();
    runtime.shutdown().await;
    let shorter = World::new();
    shorter.say_many(4).await;
    let world = world.with_store(shorter.store.clone());
    let refused = world.try_start(world.shared().await, words()).await.err().unwrap();
    assert!(matches!(refused, StartError::BeyondLog { name: "words", position: Position(10), head: Position(4) }), "{refused}");
    assert_eq!(world.files(), ["words.v1.1.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_in_the_folder_beyond_the_end_of_a_log_in_a_database_stop_the_start_too() {
    let in_a_database = || Arc::new(MemoryStore::shared(common::clock()));
    let world = World::new().with_store(in_a_database());
    let runtime = world.start(words()).await;
    runtime.wait_for(world.say_many(10).await, SOON).await.unwrap();
    runtime.shutdown().await;
    let shorter = World::new().with_store(in_a_database());
    shorter.say_many(4).await;
    let world = world.with_store(shorter.store.clone());
    let refused = world.try_start(None, words()).await.err().unwrap();
    assert!(matches!(refused, StartError::BeyondLog { position: Position(10), head: Position(4), .. }), "{refused}");
    assert_eq!(world.files(), ["words.v1.1.db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_history_are_built_anew() {
    let world = World::on_postgres();
    let runtime = world.start(words()).await;
    runtime.wait_for(world.say_many(10).await, SOON).await.unwrap();
    runtime.shutdown().await;
    let restored = World::of_epoch(2);
    restored.say_many(4).await;
    let world = world.with_store(restored.store.clone());
    let runtime = world.start(words()).await;
    assert_eq!(rows(&runtime, Position(4)).await, 4);
    eventually_is("the rows of the other history to be dropped", || world.files() == ["words.v1.2.db"]).await;
    runtime.shutdown().await;
}

/// The process dies with rows written and the transaction open: neither rows nor checkpoint are there afterwards.
#[test]
fn what_a_process_that_was_killed_had_not_committed_is_not_there() {
    let process = || tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let world = World::on_postgres();
    let killed = process();
    killed.block_on(async {
        let (words, _gate) = at_gate(1);
        let runtime = world.start(vec![words.clone()]).await;
        runtime.wait_for(world.say("first").await, SOON).await.unwrap();
        words.at_gate.store(false, Ordering::SeqCst);
        world.say("second").await;
        eventually_is("the second batch to wait at the gate", || words.at_gate.load(Ordering::SeqCst)).await;
        std::mem::forget(runtime);
    });
    killed.shutdown_background();
    process().block_on(async {
        let (words, gate) = at_gate(0);
        let runtime = world.start(vec![words]).await;
        assert_eq!(rows(&runtime, Position(1)).await, 1);
        gate.add_permits(10);
        assert_eq!(rows(&runtime, Position(2)).await, 2);
        runtime.shutdown().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_in_the_middle_of_a_batch_leaves_rows_and_position_together() {
    let mut server = PostgresServer::start();
    let world = World::in_database(server.database());
    let (slow, gate) = at_gate(1_000);
    let holder = world.start_with(Keeper::with(1).lease(), vec![slow.clone()]).await;
    let reader = world.start_with(Lease::never(), words()).await;
    assert_eq!(rows(&reader, world.say_many(2_500).await).await, 2_500);
    gate.forget_permits(1_000);
    slow.at_gate.store(false, Ordering::SeqCst);
    world.say_many(700).await;
    eventually_is("a batch to be in the middle", || slow.at_gate.load(Ordering::SeqCst)).await;
    server.crash();
    gate.add_permits(1_000);
    let views = reader.views("words").unwrap();
    let unavailable = views.read(None, SOON).await.err().unwrap();
    assert!(matches!(unavailable, ViewError::Unavailable { name: "words", .. }), "{unavailable}");
    eventually_is("the holder to say that it waits", || matches!(holder.status()[0].state, ProjectionState::Waiting { .. })).await;
    world.say("while it is away").await;

    server.restart();
    let last = world.say("after").await;
    assert_eq!(rows(&holder, last).await, 3_202);
    assert_eq!(rows(&reader, last).await, 3_202);
    let live = digest_of(&reader).await;
    let rebuilt = holder.rebuild("words").await.unwrap().compared.unwrap();
    assert_eq!((rebuilt.live, rebuilt.rebuilt), (live, live));
    holder.shutdown().await;
    reader.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_in_the_order_of_their_bytes_whatever_the_order_of_the_database() {
    let world = World::on_postgres();
    let runtime = world.start(words()).await;
    runtime.wait_for(world.say("a").await, SOON).await.unwrap();
    let others = "SELECT COUNT(*) FILTER (WHERE collation_name IS DISTINCT FROM 'C'), COUNT(*) > 0
        FROM information_schema.columns
        WHERE table_schema LIKE 'view\\_%' AND data_type = 'text'";
    assert_eq!(world.database.as_ref().unwrap().sql(others), "0|t");
    runtime.shutdown().await;
}

/// A read model with a table of the same name as another's, and other columns.
struct Counted;

#[async_trait::async_trait]
impl Projection for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn version(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static [&'static str] {
        &["CREATE TABLE word (times BIGINT NOT NULL, position BIGINT NOT NULL, word TEXT, PRIMARY KEY (position))"]
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        &[("word", "position")]
    }

    async fn apply(
        &self,
        _: &mut projection_runtime::Tables<'_>,
        _: &[Arc<projection_runtime::Envelope>],
    ) -> Result<(), projection_runtime::ProjectionError> {
        Ok(())
    }
}

#[tokio::test]
async fn read_models_with_tables_of_one_name_are_read_over_the_same_connections() {
    let world = World::on_postgres();
    world.say_many(10).await;
    let runtime = world.start(vec![Arc::new(Words::named("words")), Arc::new(Counted)]).await;
    runtime.wait_for(Position(10), SOON).await.unwrap();
    for _ in 0..8 {
        digest_of(&runtime).await;
        let mut view = runtime.views("counted").unwrap().read(None, SOON).await.unwrap();
        digest(view.rows(), &Counted).await.unwrap();
    }
    runtime.shutdown().await;
}
