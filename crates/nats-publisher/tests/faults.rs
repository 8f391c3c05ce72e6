//! Servers that are killed or away for long; consumers that are slow.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use nats_publisher::{Backoff, PublisherState};
use test_support::servers::NatsServer;

use common::*;

const STREAM: &str = "GATEHOUSE_EVENTS";

#[tokio::test]
async fn a_server_that_is_away_for_an_hour_while_events_go_on_is_caught_up_with() {
    let mut server = NatsServer::start();
    let (feed, folder, mut settings) = (MemoryFeed::of(300), folder(), settings(&[server.url()]));
    (settings.backoff, settings.look_every) = (Backoff::default(), Duration::from_secs(10));
    let clock = Hurried::new(900);
    let mut publisher = Running::start_with(&feed, &settings, folder.path(), clock.clone());
    publisher.drained(&feed).await;
    server.kill();
    let went = clock.passed();
    for minute in 1..=60 {
        feed.add(50);
        until("a minute to pass", async || clock.passed() >= went + Duration::from_secs(60 * minute)).await;
    }
    let status = publisher.until("waiting", |status| matches!(status.state, PublisherState::Waiting { .. }) && status.lag > 8000).await;
    assert!(reason(&status).contains("no NATS server can be reached"), "{status:?}");
    // Eight attempts until the pause is 30 seconds, then at most four in a minute.
    assert!((60..=260).contains(&status.failures), "{} attempts in an hour", status.failures);
    server.restart();
    publisher.drained(&feed).await;
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_is_published_to_loses_nothing_that_it_acknowledged() {
    let mut server = NatsServer::start();
    let (feed, folder, settings) = (MemoryFeed::of(10), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    for _ in 0..4 {
        feed.add(3000);
        let half = feed.count() - 2500;
        publisher.until("in the middle", |status| status.sequence > half).await;
        server.kill();
        publisher.until("waiting", |status| matches!(status.state, PublisherState::Waiting { .. })).await;
        let acknowledged = publisher.status.borrow().sequence;
        server.restart();
        assert!(info(&context(&[server.url()]).await, STREAM).await.state.last_sequence >= acknowledged);
    }
    publisher.drained(&feed).await;
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}

#[tokio::test]
async fn a_consumer_that_takes_nothing_does_not_hold_up_publishing() {
    let server = NatsServer::builder().lazy().start();
    let (feed, folder, settings) = (MemoryFeed::of(10), folder(), settings(&[server.url()]));
    let mut publisher = Running::start(&feed, &settings, folder.path());
    publisher.drained(&feed).await;
    let stream = context(&[server.url()]).await.get_stream(STREAM).await.unwrap();
    let config = pull::Config {
        durable_name: Some("slow".to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: 1,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.unwrap();
    // One message is taken and never acknowledged.
    let mut messages = consumer.messages().await.unwrap();
    let taken = futures_util::StreamExt::next(&mut messages).await.unwrap().unwrap();
    feed.add(20_000);
    publisher.drained(&feed).await;
    assert_eq!(publisher.status.borrow().failures, 0);
    assert_eq!(taken.info().unwrap().stream_sequence, 1);
    publisher.stop().await;
    stored(&context(&[server.url()]).await, STREAM).await.assert_is(&feed);
}
