//! Publishing while nothing is wrong, and over what a publisher meets every day: crashes, restarts, lost acknowledgements.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::time::Duration;

use nats_publisher::{PublisherState, StreamSettings};
use test_support::servers::{NatsProxy, NatsServer};

use common::*;

const STREAM: &str = "GATEHOUSE_EVENTS";

#[tokio::test]
async fn every_event_is_published_once_and_in_order_with_what_a_consumer_needs() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(3000), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    feed.add(5);
    publisher.drained(&feed).await;
    let status = publisher.status.borrow().clone();
    assert_eq!((status.sequence, status.published, status.lag), (3005, 3005, 0));
    publisher.stop().await;

    let context = context(&[server.url()]).await;
    stored(&context, STREAM).await.assert_is(&feed);
    let stream = context.get_stream(STREAM).await.unwrap();
    let config = &stream.cached_info().config;
    assert_eq!(config.subjects, ["gatehouse.v1.>"]);
    assert!(config.deny_delete && config.deny_purge && config.allow_direct);
    let message = stream.get_raw_message(7).await.unwrap();
    let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned());
    assert_eq!(header("Nats-Msg-Id"), Some(feed.id(7).to_string()));
    assert_eq!(header("Gatehouse-Position"), Some("21".to_owned()));
    assert_eq!(header("Gatehouse-Epoch").as_deref(), Some("00000000-0000-0000-0000-000000000e0c"));
    assert_eq!(header("content-type").as_deref(), Some("application/cloudevents+json"));
    let cursor = cursor_file(folder.path(), &settings).read().unwrap().unwrap();
    assert_eq!((cursor.sequence, cursor.position, cursor.message), (3005, feed.end(), Some(feed.id(3005))));
}

#[tokio::test]
async fn a_publisher_that_crashed_goes_on_where_the_stream_is_and_not_where_its_cursor_is() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(600), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.stop().await;
    let file = cursor_file(folder.path(), &settings);
    let old = file.read().unwrap().unwrap();
    feed.add(900);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.crash().await;
    // The cursor of before: as far behind as a crash can leave it.
    file.write(&old).unwrap();
    feed.add(100);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    assert_eq!(publisher.status.borrow().published, 100);
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_lost_acknowledgement_leaves_no_gap_and_no_double() {
    let server = NatsServer::builder().lazy().start();
    let proxy = NatsProxy::before(server.port());
    let (feed, folder) = (MemoryFeed::of(1), folder());
    let mut settings = settings(&[proxy.url()]);
    settings.patience = Duration::from_millis(300);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    for round in 0..6 {
        proxy.drop_acks(1 + round * 20);
        feed.add(100);
        publisher.drained(&feed).await;
    }
    assert!(proxy.acks_dropped() >= 100, "{}", proxy.acks_dropped());
    assert!(publisher.status.borrow().failures > 0);
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_connection_that_is_cut_with_all_on_its_way_leaves_no_gap_and_no_double() {
    let server = NatsServer::builder().lazy().start();
    let proxy = NatsProxy::before(server.port());
    let (feed, folder, settings) = (MemoryFeed::of(1), folder(), settings(&[proxy.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    for _ in 0..5 {
        proxy.hold();
        feed.add(400);
        let stream = context(&[server.url()]).await;
        // As many as may be in flight are in the stream, and nobody was told.
        let expected = feed.count() - 400 + 256;
        until("messages to be stored", async || info(&stream, STREAM).await.state.last_sequence >= expected).await;
        proxy.cut();
        proxy.release();
        publisher.drained(&feed).await;
    }
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_message_that_somebody_else_wrote_stops_the_publisher() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(50), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    let context = context(&[server.url()]).await;
    context.publish("gatehouse.v1.something.else", "".into()).await.unwrap().await.unwrap();
    assert!(publisher.stopped().await.contains("message 51 of the stream GATEHOUSE_EVENTS is not the event that belongs there"));
    feed.add(5);
    publisher.until("stopped, with more to publish", |status| status.lag > 0).await;
    assert_eq!(info(&context, STREAM).await.state.last_sequence, 51);
    publisher.stop().await;
}

#[tokio::test]
async fn a_resend_after_the_window_of_deduplication_makes_no_double() {
    let server = NatsServer::builder().lazy().start();
    let proxy = NatsProxy::before(server.port());
    let (feed, folder) = (MemoryFeed::of(50), folder());
    let mut settings = settings(&[proxy.url()]);
    settings.stream = StreamSettings { duplicate_window: Duration::from_millis(100), ..StreamSettings::default() };
    settings.patience = Duration::from_millis(300);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    for _ in 0..3 {
        // Nothing is acknowledged until long after the window: the publisher looks instead of leaning on it.
        proxy.drop_acks(30);
        feed.add(30);
        publisher.drained(&feed).await;
    }
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn two_publishers_at_once_leave_no_gap_and_no_double_and_one_says_that_the_other_is_at_work() {
    let server = NatsServer::builder().lazy().start();
    let (feed, one, other) = (MemoryFeed::of(200), folder(), folder());
    let settings = settings(&[server.url()]);
    let mut first = Running::start(&feed, &settings, one.path());
    first.drained(&feed).await;
    // The other knows what the first knows: as after a failover to a copy of the folder that is not over yet.
    std::fs::copy(cursor_file(one.path(), &settings).path(), cursor_file(other.path(), &settings).path()).unwrap();
    let mut second = Running::start(&feed, &settings, other.path());
    second.drained(&feed).await;
    let mut noticed = false;
    for _ in 0..40 {
        feed.add(500);
        let end = feed.end();
        let done = |status: &nats_publisher::PublisherStatus| status.position == end;
        loop {
            noticed |= [&first, &second].iter().any(|one| reason(&one.status.borrow()).contains("another publisher is at work"));
            if done(&first.status.borrow()) || done(&second.status.borrow()) {
                break;
            }
            tokio::select! {
                _ = first.status.changed() => {}
                _ = second.status.changed() => {}
            }
        }
    }
    assert!(noticed, "neither has noticed the other");
    first.drained(&feed).await;
    second.drained(&feed).await;
    first.stop().await;
    second.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_publisher_that_is_told_to_stop_has_all_that_was_acknowledged_in_its_cursor() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(20_000), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.until("at work", |status| status.published > 0).await;
    publisher.stop().await;
    let cursor = cursor_file(folder.path(), &settings).read().unwrap().unwrap();
    let context = context(&[server.url()]).await;
    assert_eq!(cursor.sequence, info(&context, STREAM).await.state.last_sequence);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.until("idle", |status| status.state == PublisherState::Idle).await;
    publisher.stop().await;
    stored(&context, STREAM).await.assert_is(&feed);
}
