//! Where it is told that the log takes no more appends until a restart.

use std::sync::Arc;

use tokio::sync::watch;

use crate::queue::Queue;

/// Clones tell the same.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) told: Arc<watch::Sender<Option<Arc<str>>>>,
    pub(crate) queue: Arc<Queue>,
}

impl Failure {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self { told: Arc::new(watch::Sender::new(None)), queue }
    }

    /// Takes no more appends until a restart, and says why to whoever is interested. The first reason stays.
    pub(crate) fn stop(&self, reason: &str) -> Arc<str> {
        tracing::error!(reason, "the event log cannot be trusted any more");
        let reason: Arc<str> = format!("the event log stopped: {reason}").into();
        self.queue.close(&reason);
        self.told.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| Arc::clone(&reason));
            first
        });
        reason
    }

    /// Why the log stopped, if it did.
    pub(crate) fn reason(&self) -> Option<Arc<str>> {
        self.told.borrow().clone()
    }
}
