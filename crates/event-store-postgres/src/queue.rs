//! Appends on their way to the writer, in the order of calls, up to a bound.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use event_store::{Append, AppendError, Settle};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// An append that waits for the writer.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) append: Append,
    pub(crate) settle: Settle,
    pub(crate) bytes: usize,
    pub(crate) since: Instant,
}

/// How much waits at most, and how much is taken at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) queue_appends: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) batch_appends: usize,
    pub(crate) batch_bytes: usize,
}

/// Appends that are worth a transaction of their own: fewer are not shared out to two.
const TOGETHER: usize = 64;

#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    bounds: Bounds,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Queued>,
    bytes: usize,
    closed: Option<Arc<str>>,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { waiting: Mutex::default(), changed: Notify::new(), bounds }
    }

    /// Puts an append at the end, or refuses it at once.
    ///
    /// The bound is far above what a healthy writer ever has waiting: reaching it means that the database stalls, and then
    /// a quick refusal serves the caller better than memory that fills.
    pub(crate) fn push(&self, append: Append, settle: Settle) {
        let bytes = append.events.iter().map(|event| event.metadata.len() + event.data.len()).sum();
        let mut waiting = self.waiting.lock();
        let refusal = match &waiting.closed {
            Some(reason) => Some(Arc::clone(reason)),
            None if waiting.items.len() >= self.bounds.queue_appends => Some("too many appends are waiting to be written".into()),
            None if waiting.bytes.saturating_add(bytes) > self.bounds.queue_bytes => {
                Some("too many bytes are waiting to be written".into())
            }
            None => None,
        };
        match refusal {
            Some(reason) => settle.settle(Err(AppendError::Unavailable(reason))),
            None => {
                waiting.bytes += bytes;
                waiting.items.push_back(Queued { append, settle, bytes, since: Instant::now() });
                drop(waiting);
                self.changed.notify_one();
            }
        }
    }

    /// Waits until something is queued and takes as much as one transaction should have. None once closed and empty. For one taker.
    pub(crate) async fn take(&self) -> Option<Vec<Queued>> {
        loop {
            let batch = self.take_now(0);
            if !batch.is_empty() {
                return Some(batch);
            }
            if self.waiting.lock().closed.is_some() {
                return None;
            }
            self.changed.notified().await;
        }
    }

    /// Takes what is queued, up to what one transaction should have. If there are many, it takes a half of them and of those of the batch
    /// before that are not answered yet: the other half is what the next batch begins with.
    pub(crate) fn take_now(&self, unanswered: usize) -> Vec<Queued> {
        let mut waiting = self.waiting.lock();
        let mut bytes = 0_usize;
        let mut count = 0_usize;
        let half = (waiting.items.len() + unanswered).div_ceil(2);
        for item in waiting.items.iter().take(half.max(TOGETHER).min(self.bounds.batch_appends)) {
            if count > 0 && bytes.saturating_add(item.bytes) > self.bounds.batch_bytes {
                break;
            }
            bytes += item.bytes;
            count += 1;
        }
        waiting.bytes -= bytes;
        waiting.items.drain(..count).collect()
    }

    /// Takes no more appends: they are refused with this reason, if it is the first. What is queued stays.
    pub(crate) fn close(&self, reason: &str) {
        self.waiting.lock().closed.get_or_insert_with(|| reason.into());
        self.changed.notify_one();
    }
}
