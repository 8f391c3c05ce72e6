//! Reads the feed and renders messages while others are on their way.

use std::sync::Arc;

use public_events::Position;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::feed::{Feed, FeedError};
use crate::message::{Message, MessageError};
use crate::settings::StreamName;

/// How many events are read at once.
const PAGE: usize = 512;

/// How many pages are kept ready.
const PAGES_AHEAD: usize = 4;

/// What reading brought.
pub(crate) enum Read {
    /// These are next.
    Page(Vec<Message>),
    /// There are no more at the moment.
    NoMore,
    /// Reading failed. Nothing follows.
    Failed(FeedError),
    /// An event cannot be published. Nothing follows.
    Broken(MessageError),
}

/// Messages from a position on, in the background until this is dropped.
pub(crate) struct ReadAhead {
    pages: mpsc::Receiver<Read>,
    _task: AbortOnDropHandle<()>,
}

impl ReadAhead {
    /// Begins to read after a position.
    pub(crate) fn start(feed: Arc<dyn Feed>, after: Position, stream: StreamName, inbound: String) -> Self {
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        let task = tokio::spawn(async move {
            let mut after = after;
            loop {
                let read = read(&*feed, &mut after, &stream, &inbound).await;
                let over = matches!(read, Read::Failed(_) | Read::Broken(_));
                let dry = matches!(read, Read::NoMore);
                if sender.send(read).await.is_err() || over {
                    return;
                }
                if dry {
                    feed.moved(after).await;
                }
            }
        });
        Self { pages, _task: AbortOnDropHandle::new(task) }
    }

    /// What is next; waits for it.
    pub(crate) async fn next(&mut self) -> Read {
        match self.pages.recv().await {
            Some(read) => read,
            None => Read::Failed(FeedError("reading has ended".into())),
        }
    }
}

async fn read(feed: &dyn Feed, after: &mut Position, stream: &StreamName, inbound: &str) -> Read {
    let events = match feed.page(*after, PAGE).await {
        Ok(events) => events,
        Err(error) => return Read::Failed(error),
    };
    let Some(last) = events.last() else { return Read::NoMore };
    *after = last.position;
    let messages: Result<Vec<Message>, MessageError> = events.iter().map(|event| Message::of(event, stream, inbound)).collect();
    messages.map_or_else(Read::Broken, Read::Page)
}
