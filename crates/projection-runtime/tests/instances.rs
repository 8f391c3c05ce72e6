//! Consumers under leases: of several instances one handles the events, and another one goes on where it ended, however that was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod common;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use common::World;
use parking_lot::Mutex;
use postgres_schema::{Limits, Schema, Server, Step};
use projection_runtime::leases::{self, PROCESSES};
use projection_runtime::{Begin, Consumer, ConsumerError, ConsumerState, Envelope, Fence, Lease, LeaseSettings, Leases, PLACES, Runtime};
use sqlx::{PgPool, Row};
use test_support::eventually;
use test_support::servers::{PostgresServer, TestDatabase};
use tokio::sync::{Semaphore, watch};

const STEPS: &[Step] = &[leases::STEP, PLACES, JOURNALS];

/// What the consumers of these tests do: they write down each event, and have an effect under its id.
const JOURNALS: Step = Step {
    number: 1_000,
    name: "what these tests write",
    sql: "CREATE TABLE journal (number BIGSERIAL PRIMARY KEY, instance TEXT NOT NULL, position BIGINT NOT NULL);
          CREATE TABLE effect (event TEXT NOT NULL PRIMARY KEY, times BIGINT NOT NULL);
          CREATE TABLE stood_by (instance TEXT NOT NULL)",
};

/// Tells a child process which database to use.
const DATABASE: &str = "GATEHOUSE_TEST_DATABASE";

const LONG: Duration = Duration::from_secs(60);

/// What a take-over may take at most.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// So many that nobody is done before the test is.
const MANY: usize = 4_000;

async fn schema(url: &str) -> Schema {
    let server: Server = url.parse().unwrap();
    server.schema("gatehouse_views", STEPS, Limits::default()).await.unwrap()
}

/// Writes each event down in the database.
struct Journal {
    pool: PgPool,
    instance: &'static str,
}

#[async_trait]
impl Consumer for Journal {
    fn name(&self) -> &'static str {
        "journal"
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let both = "WITH written AS (INSERT INTO journal (instance, position) VALUES ($1, $2))
            INSERT INTO effect (event, times) VALUES ($3, 1) ON CONFLICT (event) DO NOTHING";
        let position = i64::try_from(event.position.0).unwrap();
        let written = sqlx::query(both).bind(self.instance).bind(position).bind(event.id.to_string()).execute(&self.pool).await;
        written.map(|_| ()).map_err(|error| ConsumerError::Later(error.to_string()))
    }
}

/// What the instances have written down, in its order.
async fn journal(pool: &PgPool) -> Vec<(String, i64)> {
    let rows = sqlx::query("SELECT instance, position FROM journal ORDER BY number").fetch_all(pool).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn count(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

async fn written_by(pool: &PgPool, instance: &str) -> usize {
    journal(pool).await.iter().filter(|(by, _)| by == instance).count()
}

/// No event was passed over by anybody, and each instance has them in order.
fn assert_in_order(journal: &[(String, i64)], instances: &[&str]) {
    let mut furthest = 0;
    for (instance, position) in journal {
        assert!(*position <= furthest + 1, "{instance} passed over what comes after {furthest}");
        furthest = furthest.max(*position);
    }
    // What was handled and not kept comes again with the next holding: within one, never.
    for pair in journal.windows(2) {
        let [(one, before), (other, after)] = pair else { continue };
        assert!(one != other || before < after, "{one} handled {after} after {before}");
    }
    for instance in instances {
        assert!(journal.iter().any(|(by, _)| by == instance), "{instance} had some");
    }
}

/// An instance that handles events when it holds the lease.
struct Instance {
    leases: Leases,
    runtime: Runtime,
}

impl Instance {
    async fn start(world: &World, schema: &Schema, instance: &'static str) -> Self {
        let leases = Leases::start(schema.clone(), instance, &[PROCESSES], LeaseSettings::default());
        let runtime = world.start_shared(schema).await;
        runtime.attach(Arc::new(Journal { pool: schema.pool().clone(), instance }), leases.lease(PROCESSES)).await.unwrap();
        Self { leases, runtime }
    }

    fn state(&self) -> ConsumerState {
        self.runtime.consumers()[0].state.clone()
    }

    /// As `gatehouse serve` stops.
    async fn stop(self) {
        self.runtime.shutdown().await;
        self.leases.release().await;
    }
}

/// This test binary again, as another process that handles events under a lease. Killed at the end.
struct OtherProcess(Child);

impl OtherProcess {
    fn start(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["child_that_handles_events_under_a_lease", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        Self(command.env(DATABASE, url).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as a child process, which is stopped and killed"]
async fn child_that_handles_events_under_a_lease() {
    let schema = schema(&std::env::var(DATABASE).unwrap()).await;
    // The same log as that of the parent, event by event.
    let world = World::new();
    world.say_many(MANY).await;
    let instance = Instance::start(&world, &schema, "child").await;
    let is = async |elsewhere: bool| ((instance.state() == ConsumerState::Elsewhere) == elsewhere).then_some(());
    loop {
        eventually("the lease to be held", LONG * 10, async || is(false).await).await;
        eventually("the lease to be lost", LONG * 10, async || is(true).await).await;
        sqlx::query("INSERT INTO stood_by (instance) VALUES ('child')").execute(schema.pool()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_instance_is_followed_by_another_within_five_seconds() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let (pool, world) = (schema.pool(), World::new());
    let end = world.say_many(MANY).await;
    let child = OtherProcess::start(&database.url());
    eventually("the child to be at work", LONG, async || (written_by(pool, "child").await > 50).then_some(())).await;
    let second = Instance::start(&world, &schema, "second").await;
    assert_eq!((second.state(), second.runtime.consumers()[0].lag_events), (ConsumerState::Elsewhere, 0));
    child.signal("-KILL");
    let killed = Instant::now();
    eventually("the second to go on", LONG, async || (written_by(pool, "second").await > 0).then_some(())).await;
    println!("taken over {:?} after kill -9", killed.elapsed());
    assert!(killed.elapsed() <= TAKE_OVER, "taken over after {:?}", killed.elapsed());
    assert!(second.runtime.wait_for_consumers(end, LONG).await);
    assert_eq!(count(pool, "SELECT COUNT(*) FROM effect").await, i64::try_from(MANY).unwrap());
    assert_in_order(&journal(pool).await, &["child", "second"]);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_paused_does_no_harm_when_it_wakes_and_can_take_over_again() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let (pool, world) = (schema.pool(), World::new());
    world.say_many(MANY).await;
    let child = OtherProcess::start(&database.url());
    eventually("the child to be at work", LONG, async || (written_by(pool, "child").await > 50).then_some(())).await;
    let second = Instance::start(&world, &schema, "second").await;
    child.signal("-STOP");
    let stopped = Instant::now();
    eventually("the second to go on", LONG, async || (written_by(pool, "second").await > 50).then_some(())).await;
    println!("50 events handled {:?} after SIGSTOP", stopped.elapsed());
    let place = async || {
        let row = sqlx::query("SELECT position, fence FROM consumer WHERE name = 'journal'").fetch_one(pool).await.unwrap();
        (row.get::<i64, _>(0), row.get::<i64, _>(1))
    };
    let (before, by_child) = (place().await, written_by(pool, "child").await);

    child.signal("-CONT");
    let woken = async || (count(pool, "SELECT COUNT(*) FROM stood_by").await > 0).then_some(());
    eventually("the child to know that it lost the lease", LONG, woken).await;
    let after = place().await;
    assert!(after.0 >= before.0 && after.1 == before.1, "its place stands: {before:?}, then {after:?}");
    assert!(written_by(pool, "child").await <= by_child + 1, "it did no more than what it had in hand");

    second.stop().await;
    let done = async || (count(pool, "SELECT COUNT(*) FROM effect").await == i64::try_from(MANY).unwrap()).then_some(());
    eventually("the child to do the rest", LONG, done).await;
    assert_in_order(&journal(pool).await, &["child", "second"]);
    assert!(place().await.1 > after.1, "under a new fence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_hands_a_consumer_over_with_its_place() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let (pool, world) = (schema.pool(), World::new());
    let first = Instance::start(&world, &schema, "first").await;
    let holds = async || (first.state() == ConsumerState::Live).then_some(());
    eventually("the first to hold the lease", LONG, holds).await;
    let second = Instance::start(&world, &schema, "second").await;
    world.say_many(300).await;
    eventually("the first to be at work", LONG, async || (written_by(pool, "first").await > 50).then_some(())).await;
    first.stop().await;
    let end = world.say_many(50).await;
    assert!(second.runtime.wait_for_consumers(end, LONG).await);
    let journal = journal(pool).await;
    assert_in_order(&journal, &["first", "second"]);
    assert!(journal.len() <= 351, "at most the one that was being handled comes again: {} times for 350 events", journal.len());
    assert_eq!(count(pool, "SELECT COUNT(*) FROM effect").await, 350);
    assert!(second.leases.lease(PROCESSES).held().is_some());
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_nothing_is_handled_and_then_everything_is() {
    let mut server = PostgresServer::start();
    let database = server.database();
    let schema = schema(&database.url()).await;
    let world = World::new();
    let instance = Instance::start(&world, &schema, "only").await;
    let end = world.say_many(100).await;
    assert!(instance.runtime.wait_for_consumers(end, LONG).await);
    server.crash();
    world.say_many(100).await;
    let given_up = async || (instance.state() == ConsumerState::Elsewhere).then_some(());
    eventually("the lease to be given up", LONG, given_up).await;
    let end = world.say_many(100).await;
    server.restart();
    assert!(instance.runtime.wait_for_consumers(end, LONG).await);
    assert_eq!(instance.state(), ConsumerState::Live);
    assert_eq!(count(schema.pool(), "SELECT COUNT(*) FROM effect").await, 300);
    let journal = journal(schema.pool()).await;
    let (mut furthest, mut again) = (0, 0);
    for (_, position) in &journal {
        assert!(*position <= furthest + 1, "an event was passed over after {furthest}");
        again += usize::from(*position <= furthest);
        furthest = furthest.max(*position);
    }
    println!("{again} events were handled again");
    instance.stop().await;
}

/// Handles an event once it is let.
struct Patient {
    begins: Begin,
    may: Semaphore,
    handled: Mutex<Vec<u64>>,
    dropped: Arc<Mutex<Vec<u64>>>,
}

/// Tells that it was dropped before the event was handled.
struct Dropped(Option<u64>, Arc<Mutex<Vec<u64>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.lock().extend(self.0);
    }
}

impl Patient {
    fn new(begins: Begin) -> Arc<Self> {
        Arc::new(Self { begins, may: Semaphore::new(0), handled: Mutex::default(), dropped: Arc::default() })
    }
}

#[async_trait]
impl Consumer for Patient {
    fn name(&self) -> &'static str {
        "patient"
    }

    fn begins(&self) -> Begin {
        self.begins
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let mut dropped = Dropped(Some(event.position.0), self.dropped.clone());
        self.may.acquire().await.unwrap().forget();
        dropped.0 = None;
        self.handled.lock().push(event.position.0);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_handled_is_dropped_when_the_lease_is_lost_and_comes_again_when_it_is_gained() {
    let world = World::new();
    let keeper = watch::Sender::new(Some(Fence(1)));
    let patient = Patient::new(Begin::FirstEvent);
    let runtime = world.start(Vec::new()).await;
    runtime.attach(patient.clone(), Lease::of(keeper.subscribe())).await.unwrap();
    let end = world.say_many(3).await;
    patient.may.add_permits(1);
    eventually("the first to be handled", LONG, async || (*patient.handled.lock() == [1]).then_some(())).await;
    keeper.send_replace(None);
    eventually("the second to be dropped", LONG, async || (*patient.dropped.lock() == [2]).then_some(())).await;
    eventually("it to stand by", LONG, async || (runtime.consumers()[0].state == ConsumerState::Elsewhere).then_some(())).await;
    patient.may.add_permits(10);
    keeper.send_replace(Some(Fence(2)));
    assert!(runtime.wait_for_consumers(end, LONG).await);
    let handled = patient.handled.lock().clone();
    assert!(handled == [1, 2, 3] || handled == [1, 1, 2, 3], "from the place that was kept on: {handled:?}");
    runtime.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_smaller_fence_keeps_no_place_and_handles_nothing_more() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let world = World::new();
    // Both believe that they hold the lease, as after a pause that no clock of theirs has seen.
    let (late, now) = (watch::Sender::new(Some(Fence(1))), watch::Sender::new(Some(Fence(2))));
    let (older, newer) = (Patient::new(Begin::FirstEvent), Patient::new(Begin::FirstEvent));
    let (first, second) = (world.start_shared(&schema).await, world.start_shared(&schema).await);
    first.attach(older.clone(), Lease::of(late.subscribe())).await.unwrap();
    second.attach(newer.clone(), Lease::of(now.subscribe())).await.unwrap();
    world.say_many(10).await;
    older.may.add_permits(100);
    let superseded = async || (first.consumers()[0].state == ConsumerState::Elsewhere).then_some(());
    eventually("the first to be told when it keeps its place", LONG, superseded).await;
    let by_older = older.handled.lock().len();
    let end = world.say_many(10).await;
    newer.may.add_permits(100);
    assert!(second.wait_for_consumers(end, LONG).await);
    assert_eq!(older.handled.lock().len(), by_older, "nothing more is handled");
    assert_eq!(*newer.handled.lock(), (1..=20).collect::<Vec<u64>>());
    second.shutdown().await;
    let place = "SELECT position * 1000 + fence FROM consumer WHERE name = 'patient'";
    assert_eq!(count(schema.pool(), place).await, 20_002);
    first.shutdown().await;
    assert_eq!(count(schema.pool(), place).await, 20_002, "its last word is refused, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_place_is_of_one_history_of_the_log_and_may_begin_at_its_end() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let handled = async |world: &World, begins: Begin, more: usize| {
        let runtime = world.start_shared(&schema).await;
        let patient = Patient::new(begins);
        patient.may.add_permits(100);
        runtime.attach(patient.clone(), Lease::alone()).await.unwrap();
        let end = world.say_many(more).await;
        assert!(runtime.wait_for_consumers(end, LONG).await);
        runtime.shutdown().await;
        patient.handled.lock().clone()
    };
    let world = World::new();
    world.say_many(5).await;
    assert_eq!(handled(&world, Begin::Head, 1).await, [6]);
    assert_eq!(handled(&world, Begin::Head, 2).await, [7, 8]);
    // A restore began another history.
    let restored = World::of_epoch(2);
    restored.say_many(2).await;
    assert_eq!(handled(&restored, Begin::FirstEvent, 1).await, [1, 2, 3]);
    // The same history, whose end was lost: nothing goes on as if it had never been.
    let shorter = World::of_epoch(2);
    shorter.say_many(1).await;
    let runtime = shorter.start_shared(&schema).await;
    let refused = runtime.attach(Patient::new(Begin::FirstEvent), Lease::alone()).await.unwrap_err().to_string();
    assert!(refused.contains("up to 3, but the log ends at 1"), "{refused}");
    let keeper = watch::Sender::new(None);
    runtime.attach(Patient::new(Begin::FirstEvent), Lease::of(keeper.subscribe())).await.unwrap();
    keeper.send_replace(Some(Fence(1)));
    let waits = async || matches!(runtime.consumers()[0].state, ConsumerState::Waiting { .. }).then_some(());
    eventually("it to be said", LONG, waits).await;
    shorter.say_many(3).await;
    eventually("it to go on", LONG, async || (runtime.consumers()[0].state == ConsumerState::Live).then_some(())).await;
    runtime.shutdown().await;
}
