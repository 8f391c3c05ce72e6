//! Several instances, of which the one that holds the lease publishes: the stream has each event once, however the lease moves.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::sync::Arc;

use jiff::Timestamp;
use nats_publisher::{
    CURSORS, Cursor, CursorError, CursorRow, Progress, PublisherState, Settings, StreamName, StreamSettings, reconcile, refill,
};
use postgres_schema::{Limits, Schema, Server, Step};
use projection_runtime::leases::{self, PUBLISH};
use projection_runtime::{Fence, Lease, LeaseSettings, Leases};
use public_events::Position;
use test_support::servers::{NatsServer, PostgresServer, TestDatabase};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use common::*;

const STREAM: &str = "GATEHOUSE_EVENTS";

const STEPS: &[Step] = &[leases::STEP, CURSORS];

async fn schema(url: &str) -> Schema {
    let server: Server = url.parse().unwrap();
    server.schema("gatehouse_views", STEPS, Limits::default()).await.unwrap()
}

fn row(schema: &Schema, settings: &Settings) -> CursorRow {
    CursorRow::new(schema.pool().clone(), &settings.stream.name)
}

/// An instance that publishes when it holds the lease.
struct Instance {
    leases: Leases,
    publisher: Running,
}

impl Instance {
    fn start(schema: &Schema, name: &str, feed: &Arc<MemoryFeed>, settings: &Settings) -> Self {
        let leases = Leases::start(schema.clone(), name, &[PUBLISH], LeaseSettings::default());
        let publisher = Running::start_under(leases.lease(PUBLISH), feed, settings, row(schema, settings));
        Self { leases, publisher }
    }

    async fn holds(&self) {
        tokio::time::timeout(LONG, self.leases.lease(PUBLISH).acquired()).await.unwrap();
    }

    /// As `gatehouse serve` stops.
    async fn stop(self) {
        self.publisher.stop().await;
        self.leases.release().await;
    }

    /// As if the process was killed: the lease runs out.
    async fn crash(self) {
        self.publisher.crash().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_publisher_moves_between_instances_and_the_stream_has_each_event_once() {
    let server = NatsServer::builder().lazy().start();
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let (feed, settings) = (MemoryFeed::of(500), settings(&[server.url()]));
    let mut at_work = Instance::start(&schema, "instance 0", &feed, &settings);
    at_work.holds().await;
    for number in 1..=4 {
        let mut next = Instance::start(&schema, &format!("instance {number}"), &feed, &settings);
        next.publisher.until("standing by", |status| status.state == PublisherState::Elsewhere && status.lag == 0).await;
        feed.add(2_000);
        let target = feed.count() - 1_500;
        at_work.publisher.until("at work", |status| status.sequence >= target).await;
        if number % 2 == 0 {
            at_work.crash().await
        } else {
            at_work.stop().await
        }
        next.publisher.drained(&feed).await;
        at_work = next;
    }
    at_work.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_publishing_stops_and_then_goes_on() {
    let server = NatsServer::builder().lazy().start();
    let mut postgres = PostgresServer::start();
    let database = postgres.database();
    let schema = schema(&database.url()).await;
    let (feed, settings) = (MemoryFeed::of(500), settings(&[server.url()]));
    let mut only = Instance::start(&schema, "only", &feed, &settings);
    only.publisher.drained(&feed).await;
    postgres.crash();
    only.publisher.until("without its lease", |status| status.state == PublisherState::Elsewhere).await;
    feed.add(500);
    postgres.restart();
    only.publisher.drained(&feed).await;
    only.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_believe_to_hold_the_lease_the_one_with_the_smaller_fence_stops() {
    let server = NatsServer::builder().lazy().start();
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let (feed, settings) = (MemoryFeed::of(300), settings(&[server.url()]));
    let hold = |fence| watch::Sender::new(Some(Fence(fence)));
    let (late, now) = (hold(1), hold(2));
    let mut older = Running::start_under(Lease::of(late.subscribe()), &feed, &settings, row(&schema, &settings));
    older.drained(&feed).await;
    let mut newer = Running::start_under(Lease::of(now.subscribe()), &feed, &settings, row(&schema, &settings));
    newer.drained(&feed).await;
    feed.add(3_000);
    newer.drained(&feed).await;
    let superseded = |status: &nats_publisher::PublisherStatus| reason(status).contains("another instance publishes");
    older.until("told that it is not its turn", superseded).await;
    // It learns that it lost the lease, and gains it again: then it is the other one's turn to stop.
    late.send_replace(None);
    older.until("standing by", |status| status.state == PublisherState::Elsewhere).await;
    now.send_replace(None);
    late.send_replace(Some(Fence(3)));
    feed.add(300);
    older.drained(&feed).await;
    older.stop().await;
    newer.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repairs_set_a_shared_cursor_right_and_whoever_holds_the_lease_goes_on_with_it() {
    let server = NatsServer::builder().lazy().start();
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let (feed, settings) = (MemoryFeed::of(300), settings(&[server.url()]));
    let mut instance = Instance::start(&schema, "first", &feed, &settings);
    instance.publisher.drained(&feed).await;
    instance.stop().await;
    delete_stream(&context(&[server.url()]).await, STREAM).await;
    let mut instance = Instance::start(&schema, "second", &feed, &settings);
    assert!(instance.publisher.stopped().await.contains("is gone"));
    let fence = "SELECT fence FROM publisher_cursor";
    let before: i64 = sqlx::query_scalar(fence).fetch_one(schema.pool()).await.unwrap();
    let (stop, told) = (CancellationToken::new(), |_: &Progress| ());
    let repaired = reconcile(feed.clone(), settings.clone(), row(&schema, &settings), Hurried::new(1), &stop, &told).await.unwrap();
    assert!(repaired.made);
    feed.add(100);
    instance.publisher.drained(&feed).await;
    instance.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
    assert_eq!(sqlx::query_scalar::<_, i64>(fence).fetch_one(schema.pool()).await.unwrap(), before, "a repair takes no turn");

    let name: StreamName = "GATEHOUSE_AGAIN".parse().unwrap();
    let again = Settings { stream: StreamSettings { name, ..settings.stream.clone() }, ..settings };
    let filled = refill(feed.clone(), Position(0), again.clone(), row(&schema, &again), Hurried::new(1), &stop, &told).await.unwrap();
    assert_eq!((filled.published, filled.resumed), (400, false));
    let filled = refill(feed.clone(), Position(0), again.clone(), row(&schema, &again), Hurried::new(1), &stop, &told).await.unwrap();
    assert_eq!((filled.published, filled.resumed), (0, true));
}

#[tokio::test]
async fn a_shared_cursor_takes_nothing_from_a_smaller_fence() {
    let database = TestDatabase::create();
    let schema = schema(&database.url()).await;
    let row = CursorRow::new(schema.pool().clone(), &StreamName::default());
    let cursor = |sequence| Cursor {
        stream: STREAM.to_owned(),
        created: Timestamp::from_nanosecond(1_234_567_890_123_456_789).unwrap(),
        sequence,
        message: Some(Uuid::from_u128(9)),
        position: Position(sequence * 3),
        epoch: Uuid::from_u128(1),
        missing: 0,
    };
    let (older, newer) = (Some(Fence(1)), Some(Fence(2)));
    assert_eq!(row.read(older).await.unwrap(), None);
    row.write(&cursor(1), older).await.unwrap();
    assert_eq!(row.read(newer).await.unwrap(), Some(cursor(1)), "and it is the newer one's now");
    assert!(matches!(row.write(&cursor(2), older).await, Err(CursorError::Superseded { .. })));
    assert!(matches!(row.read(older).await, Err(CursorError::Superseded { .. })));
    row.write(&cursor(3), newer).await.unwrap();
    assert_eq!(row.read(None).await.unwrap(), Some(cursor(3)));
    row.write(&cursor(4), None).await.unwrap();
    assert!(matches!(row.write(&cursor(5), older).await, Err(CursorError::Superseded { .. })), "a repair changes no turn");
    assert_eq!(row.read(newer).await.unwrap(), Some(cursor(4)));
    sqlx::query("UPDATE publisher_cursor SET cursor = '{'").execute(schema.pool()).await.unwrap();
    assert!(matches!(row.read(newer).await, Err(CursorError::Damaged { .. })));
}
