//! What the parts of a log share: how far it goes, and whether it may go on.

use std::sync::Arc;

use event_store::{Epoch, Position};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::queue::Queue;
use crate::session::Seen;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) epoch: Epoch,
    pub(crate) queue: Queue,
    pub(crate) head: watch::Sender<Position>,
    /// How far this process has written itself.
    pub(crate) written: watch::Sender<Position>,
    pub(crate) failure: watch::Sender<Option<Arc<str>>>,
    seen: Mutex<Option<Seen>>,
}

impl State {
    pub(crate) fn new(epoch: Epoch, queue: Queue, seen: Option<Seen>) -> Self {
        let head = seen.map_or(Position::START, |seen| seen.position);
        Self {
            epoch,
            queue,
            head: watch::Sender::new(head),
            written: watch::Sender::new(Position::START),
            failure: watch::Sender::new(None),
            seen: Mutex::new(seen),
        }
    }

    /// The newest event that this process has seen.
    pub(crate) fn seen(&self) -> Option<Seen> {
        *self.seen.lock()
    }

    /// An event is in the log, and durable, and so are all before it.
    pub(crate) fn saw(&self, new: Seen) {
        let mut seen = self.seen.lock();
        if seen.is_none_or(|seen| seen.position < new.position) {
            *seen = Some(new);
            self.head.send_replace(new.position);
        }
    }

    /// An event was written by this process.
    pub(crate) fn wrote(&self, new: Seen) {
        self.saw(new);
        self.written.send_replace(new.position);
    }

    /// All up to here is in the log, and durable: a reader has seen it.
    pub(crate) fn reaches(&self, position: Position) {
        self.head.send_if_modified(|head| {
            let further = *head < position;
            *head = position.max(*head);
            further
        });
    }

    /// Takes no more appends until a restart, and says why to whoever is interested. The first reason stays.
    pub(crate) fn stop(&self, reason: &str) -> Arc<str> {
        tracing::error!(reason, "the event log cannot be trusted any more: find out what became of the database, and restart");
        let reason: Arc<str> = format!("the event log stopped: {reason}").into();
        self.queue.close(&reason);
        self.failure.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| Arc::clone(&reason));
            first
        });
        reason
    }

    pub(crate) fn stopped(&self) -> Option<Arc<str>> {
        self.failure.borrow().clone()
    }
}
