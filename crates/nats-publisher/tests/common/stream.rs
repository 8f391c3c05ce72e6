//! What is in a stream, seen by a consumer.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::consumer::pull::OrderedConfig;
use async_nats::jetstream::stream::Info;
use async_nats::jetstream::{Context, ContextBuilder};
use futures_util::StreamExt;
use public_events::{Envelope, OrganizationId, Position};
use test_support::eventually;

use super::{LONG, MemoryFeed};

/// A client of the test's own, which comes back by itself.
pub async fn context(urls: &[String]) -> Context {
    let options = async_nats::ConnectOptions::new().retry_on_initial_connect().request_timeout(Some(Duration::from_secs(2)));
    ContextBuilder::new().timeout(Duration::from_secs(2)).build(options.connect(urls).await.unwrap())
}

pub async fn info(context: &Context, stream: &str) -> Info {
    eventually("information about the stream", LONG, async || Some(context.get_stream(stream).await.ok()?.cached_info().clone())).await
}

pub async fn delete_stream(context: &Context, stream: &str) {
    eventually("the stream to be deleted", LONG, async || context.delete_stream(stream).await.ok()).await;
}

/// A message of a stream.
#[derive(Debug, Clone)]
pub struct Stored {
    pub sequence: u64,
    pub subject: String,
    pub event: Envelope,
}

/// All messages of a stream, in their order.
pub struct AllStored(pub Vec<Stored>);

pub async fn stored(context: &Context, stream: &str) -> AllStored {
    let expected = info(context, stream).await.state;
    let mut found = Vec::new();
    if expected.messages == 0 {
        return AllStored(found);
    }
    let stream = context.get_stream(stream).await.unwrap();
    let consumer = stream.create_consumer(OrderedConfig { max_batch: 500, ..OrderedConfig::default() }).await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    while u64::try_from(found.len()).unwrap() < expected.messages {
        let message = tokio::time::timeout(LONG, messages.next()).await.expect("the stream has a next message").unwrap().unwrap();
        let sequence = message.info().unwrap().stream_sequence;
        found.push(Stored { sequence, subject: message.subject.to_string(), event: Envelope::parse(&message.payload).unwrap() });
    }
    AllStored(found)
}

impl AllStored {
    /// Every event of the feed once, in order, in messages from 1 without a gap, and so in order for each organization.
    pub fn assert_is(&self, feed: &MemoryFeed) {
        assert_eq!(u64::try_from(self.0.len()).unwrap(), feed.count(), "as many messages as events");
        let mut last: HashMap<OrganizationId, Position> = HashMap::new();
        for (nth, stored) in (1..).zip(&self.0) {
            assert_eq!(stored.sequence, nth, "no message is missing");
            assert_eq!(stored.event.id, feed.id(nth), "message {nth} is the {nth}th event");
            assert_eq!(stored.event.position, MemoryFeed::position(nth));
            assert_eq!(Some(&stored.subject), stored.event.subject_on_nats().as_ref());
            let before = last.insert(stored.event.organization.unwrap(), stored.event.position);
            assert!(before < Some(stored.event.position), "events of an organization are in order");
        }
    }

    /// The ids of the events, in order.
    pub fn ids(&self) -> Vec<uuid::Uuid> {
        self.0.iter().map(|stored| stored.event.id).collect()
    }
}
