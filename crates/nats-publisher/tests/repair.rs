//! Streams that were changed behind the publisher's back: it stops, says so, and goes on once it was repaired.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::stream::Config;
use nats_publisher::{Hole, PublisherState, RepairError, Settings, StreamSettings, refill};
use test_support::servers::NatsServer;
use tokio_util::sync::CancellationToken;

use common::*;

const STREAM: &str = "GATEHOUSE_EVENTS";

/// Publishes all of the feed and stops.
async fn published(feed: &Arc<MemoryFeed>, settings: &Settings, folder: &Path) {
    let mut publisher = Running::start(feed, settings, folder);
    publisher.drained(feed).await;
    publisher.stop().await;
}

/// A stream as an operator may define one: without protection.
async fn open_stream(server: &NatsServer) -> async_nats::jetstream::Context {
    let context = context(&[server.url()]).await;
    let duplicate_window = Duration::from_millis(100);
    let config = Config { name: STREAM.to_owned(), subjects: vec!["gatehouse.v1.>".to_owned()], duplicate_window, ..Config::default() };
    context.create_stream(config).await.unwrap();
    context
}

#[tokio::test]
async fn a_stream_that_was_deleted_stops_the_publisher_and_is_made_anew_only_by_a_repair() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(500), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    let context = context(&[server.url()]).await;
    delete_stream(&context, STREAM).await;
    let said = publisher.stopped().await;
    assert!(said.contains("the stream GATEHOUSE_EVENTS is gone") && said.contains("--reconcile"), "{said}");
    feed.add(10);
    publisher.until("stopped, with more to publish", |status| status.lag > 0).await;
    assert!(context.get_stream(STREAM).await.is_err(), "nobody made it anew");
    publisher.stop().await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert!(report.made);
    assert_eq!((report.compared, report.published), (0, 510));
    feed.add(10);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.stop().await;
    stored(&context, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_stream_that_somebody_else_made_anew_is_not_filled_without_a_repair() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(500), folder(), settings(&[server.url()]));
    published(&feed, &settings, folder.path()).await;
    delete_stream(&context(&[server.url()]).await, STREAM).await;
    let context = open_stream(&server).await;
    let mut publisher = Running::start(&feed, &settings, folder.path());
    assert!(publisher.stopped().await.contains("was deleted and made anew"));
    publisher.stop().await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert_eq!((report.made, report.published), (false, 500));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.stop().await;
    stored(&context, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_server_put_back_to_an_older_state_is_noticed_and_gets_again_what_it_lacks() {
    let mut server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(500), folder(), settings(&[server.url()]));
    published(&feed, &settings, folder.path()).await;
    let saved = server.save();
    server.restart();
    feed.add(200);
    published(&feed, &settings, folder.path()).await;
    server.restore(&saved);
    server.restart();
    let mut publisher = Running::start(&feed, &settings, folder.path());
    let said = publisher.stopped().await;
    assert!(said.contains("ends at message 500, but message 700 was acknowledged"), "{said}");
    publisher.stop().await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert_eq!((report.compared, report.published, report.missing, report.stranger_count), (500, 200, 0, 0));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_stream_that_was_emptied_is_noticed_and_filled_again_from_the_beginning() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(500), folder(), settings(&[server.url()]));
    let context = open_stream(&server).await;
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    context.get_stream(STREAM).await.unwrap().purge().await.unwrap();
    let said = publisher.stopped().await;
    assert!(said.contains("500 messages of the stream GATEHOUSE_EVENTS, which has no limits, were removed"), "{said}");
    publisher.stop().await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert_eq!((report.compared, report.published), (0, 500));
    feed.add(10);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    publisher.stop().await;
    let found = stored(&context, STREAM).await;
    assert_eq!(found.0.first().map(|first| first.sequence), Some(501));
    assert_eq!(found.ids(), (1..=510).map(|nth| feed.id(nth)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_hole_is_told_and_accepted_and_a_new_stream_has_none() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(500), folder(), settings(&[server.url()]));
    let context = open_stream(&server).await;
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    let stream = context.get_stream(STREAM).await.unwrap();
    for sequence in [7, 100, 101, 102] {
        stream.delete_message(sequence).await.unwrap();
    }
    let said = publisher.stopped().await;
    assert!(said.contains("4 messages") && said.contains("--into"), "{said}");
    let report = reconciled(&feed, &settings, folder.path()).await;
    let hole = |first, last, events| Hole { first: MemoryFeed::position(first), last: MemoryFeed::position(last), events };
    assert_eq!(report.holes, [hole(7, 7, 1), hole(100, 102, 3)]);
    assert_eq!((report.missing, report.published, report.stranger_count), (4, 0, 0));
    feed.add(10);
    publisher.drained(&feed).await;
    publisher.stop().await;

    let new = Settings { stream: StreamSettings { name: "EVENTS_2".parse().unwrap(), ..StreamSettings::default() }, ..settings };
    let filled = refilled(&feed, MemoryFeed::position(1), &new, folder.path()).await;
    assert_eq!((filled.published, filled.resumed, filled.subjects.as_str()), (510, false, "gatehouse.refill.EVENTS_2.>"));
    stored(&context, "EVENTS_2").await.assert_is(&feed);
    // The publisher goes on into it, while the old one is still there and when it is not any more.
    feed.add(10);
    published(&feed, &new, folder.path()).await;
    delete_stream(&context, STREAM).await;
    feed.add(10);
    published(&feed, &new, folder.path()).await;
    stored(&context, "EVENTS_2").await.assert_is(&feed);
}

#[tokio::test]
async fn events_that_a_restored_log_has_lost_are_told_and_publishing_goes_on_in_the_new_epoch() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(500), folder(), settings(&[server.url()]));
    published(&feed, &settings, folder.path()).await;
    let restored = feed.restored(450, 480);
    let mut publisher = Running::start(&restored, &settings, folder.path());
    assert!(publisher.stopped().await.contains("the log was restored"), "{:?}", publisher.status.borrow());
    publisher.stop().await;
    let report = reconciled(&restored, &settings, folder.path()).await;
    assert_eq!((report.compared, report.stranger_count, report.missing, report.published), (500, 50, 0, 30));
    let first = &report.strangers[0];
    assert_eq!((first.sequence, first.id, first.position), (451, Some(feed.id(451)), Some(MemoryFeed::position(451))));
    restored.add(20);
    let mut publisher = Running::start(&restored, &settings, folder.path());
    publisher.drained(&restored).await;
    publisher.stop().await;
    let context = context(&[server.url()]).await;
    let ids = stored(&context, STREAM).await.ids();
    let expected: Vec<_> = (1..=500).map(|nth| feed.id(nth)).chain((451..=500).map(|nth| restored.id(nth))).collect();
    assert_eq!(ids, expected);
    // Compared once more, all is as it was left.
    let report = reconciled(&restored, &settings, folder.path()).await;
    assert_eq!((report.compared, report.stranger_count, report.missing, report.published), (550, 50, 0, 0));
}

#[tokio::test]
async fn a_cursor_that_was_lost_is_found_again_by_a_repair_and_one_that_is_too_old_is_refused() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(200), folder(), settings(&[server.url()]));
    published(&feed, &settings, folder.path()).await;
    let file = cursor_file(folder.path(), &settings);
    let old = std::fs::read(file.path()).unwrap();
    feed.add(2000);
    published(&feed, &settings, folder.path()).await;
    std::fs::write(file.path(), old).unwrap();
    let mut publisher = Running::start(&feed, &settings, folder.path());
    let said = publisher.stopped().await;
    assert!(said.contains("is at message 2200, but at most 1224 can have been published"), "{said}");
    std::fs::remove_file(file.path()).unwrap();
    publisher.until("stopped for want of a cursor", |status| reason(status).contains("does not remember")).await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert_eq!((report.compared, report.published), (2200, 0));
    feed.add(10);
    publisher.drained(&feed).await;
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn what_a_stream_removes_by_its_own_limits_stops_nobody() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(300), folder(), settings(&[server.url()]));
    let context = context(&[server.url()]).await;
    let subjects = vec!["gatehouse.v1.>".to_owned()];
    let limits = Config {
        name: STREAM.to_owned(),
        subjects,
        max_age: Duration::from_secs(1),
        duplicate_window: Duration::from_millis(100),
        ..Config::default()
    };
    context.create_stream(limits).await.unwrap();
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    until("all messages to expire", async || info(&context, STREAM).await.state.messages == 0).await;
    feed.add(10);
    publisher.drained(&feed).await;
    publisher.stop().await;
    until("all messages to expire", async || info(&context, STREAM).await.state.messages == 0).await;
    let report = reconciled(&feed, &settings, folder.path()).await;
    assert_eq!((report.missing, report.published), (0, 0));
    feed.add(10);
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    assert_eq!(publisher.status.borrow().sequence, 320);
    publisher.stop().await;
}

#[tokio::test]
async fn filling_a_stream_that_was_cut_short_is_resumed_and_a_filled_one_is_refused() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(60_000), folder(), settings(&[server.url()]));
    let context = context(&[server.url()]).await;
    let stop = CancellationToken::new();
    let from = MemoryFeed::position(10_001);
    let cut_short = |progress: &nats_publisher::Progress| {
        if progress.published > 2000 {
            stop.cancel();
        }
    };
    let file = cursor_file(folder.path(), &settings);
    let cut = refill(feed.clone(), from, settings.clone(), file, Hurried::new(1), &stop, &cut_short).await;
    assert!(matches!(cut, Err(RepairError::Stopped)), "{cut:?}");
    let before = info(&context, STREAM).await.state.last_sequence;
    assert!((2000..50_000).contains(&before), "{before}");
    let filled = refilled(&feed, from, &settings, folder.path()).await;
    assert!(filled.resumed);
    assert_eq!((filled.subjects.as_str(), filled.sequence, filled.published), ("gatehouse.v1.>", 50_000, 50_000 - before));
    let ids = stored(&context, STREAM).await.ids();
    assert!(ids.into_iter().eq((10_001..=60_000).map(|nth| feed.id(nth))));
    // Without its cursor, a stream that holds something is none to be filled.
    let other = common::folder();
    let file = cursor_file(other.path(), &settings);
    let refused = refill(feed.clone(), from, settings.clone(), file, Hurried::new(1), &CancellationToken::new(), &|_| ()).await;
    assert!(matches!(refused, Err(RepairError::NotEmpty(_))), "{refused:?}");
}

#[tokio::test]
async fn a_stream_that_is_not_made_for_events_is_refused_with_the_reason() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(3), folder(), settings(&[server.url()]));
    let context = context(&[server.url()]).await;
    let config = Config { name: STREAM.to_owned(), subjects: vec!["orders.>".to_owned()], ..Config::default() };
    context.create_stream(config).await.unwrap();
    let mut publisher = Running::start(&feed, &settings, folder.path());
    assert!(publisher.stopped().await.contains("it does not take gatehouse.v1.>"));
    // Put right on the server, it goes on by itself.
    let config = Config { name: STREAM.to_owned(), subjects: vec!["gatehouse.v1.>".to_owned()], ..Config::default() };
    context.update_stream(config).await.unwrap();
    publisher.until("idle", |status| status.state == PublisherState::Idle).await;
    publisher.stop().await;
    stored(&context, STREAM).await.assert_is(&feed);
}
