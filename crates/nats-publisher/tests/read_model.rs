//! Publishing from the read model of the service, while the log goes on.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;
#[allow(unreachable_pub, clippy::unwrap_used, reason = "shared with the example, which has no test functions")]
#[path = "common/log.rs"]
mod log;

use std::sync::Arc;

use nats_publisher::{Feed, Publisher, PublisherState};
use projection_runtime::Lease;
use public_events::Position;
use test_support::servers::NatsServer;
use tokio_util::sync::CancellationToken;

use common::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_read_model_has_is_published_and_what_comes_later_too() {
    let server = NatsServer::builder().lazy().start();
    let (log, folder, settings) = (log::Log::start().await, folder(), settings(&[server.url()]));
    log.add(200).await;
    let feed = log.feed();
    let publisher = Publisher::new(feed.clone(), settings.clone(), cursor_file(folder.path(), &settings), Hurried::new(1), Lease::alone());
    let (mut status, stop) = (publisher.status(), CancellationToken::new());
    let running = tokio::spawn(publisher.run(stop.clone()));
    for _ in 0..50 {
        log.add(5).await;
    }
    log.caught_up().await;
    let all = async {
        status.wait_for(|status| status.sequence == 1350 && status.state == PublisherState::Idle).await.unwrap();
    };
    tokio::time::timeout(LONG, all).await.unwrap();
    // One more, after a rest.
    log.add(1).await;
    tokio::time::timeout(LONG, status.wait_for(|status| status.sequence == 1353)).await.unwrap().unwrap();
    stop.cancel();
    running.await.unwrap();

    let found = stored(&context(&[server.url()]).await, settings.stream.name.as_str()).await;
    let feed: Arc<dyn Feed> = feed;
    let expected = feed.page(Position(0), 2000).await.unwrap();
    assert_eq!(expected.len(), 1353);
    let mut previous = Position(0);
    for (stored, event) in found.0.iter().zip(&expected) {
        assert_eq!(stored.event.to_json().unwrap(), event.to_json().unwrap(), "the bytes are those of the feed");
        assert_eq!(stored.event.previous, previous);
        previous = stored.event.position;
    }
    assert_eq!(found.0.len(), expected.len());
    log.shutdown().await;
}
