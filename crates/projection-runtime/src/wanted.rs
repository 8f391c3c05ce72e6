//! Up to where somebody waits. Whoever rests between pieces of work, so that more come together, does not while it has not come
//! that far: a single command on an idle service, and a reader of their own writes, are served at once.

use event_store::Position;
use tokio::sync::watch;

/// The furthest position that somebody has waited for.
#[derive(Clone)]
pub(crate) struct Wanted {
    furthest: watch::Sender<Position>,
    head: watch::Receiver<Position>,
}

impl Wanted {
    /// Nobody waits yet. `head` is the end of the log.
    pub(crate) fn new(head: watch::Receiver<Position>) -> Self {
        Self { furthest: watch::Sender::new(Position::START), head }
    }

    /// One for somebody else on the same log.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.head.clone())
    }

    /// Somebody waits for this position. For what is beyond the end of the log nobody can hurry.
    pub(crate) fn want(&self, position: Position) {
        let position = position.min(*self.head.borrow());
        self.furthest.send_if_modified(|furthest| {
            let is_further = position > *furthest;
            *furthest = position.max(*furthest);
            is_further
        });
    }

    /// Tells when it changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Position> {
        self.furthest.subscribe()
    }
}

/// Rests until then, but not while somebody waits for more than `at`.
pub(crate) async fn rest(until: tokio::time::Instant, wanted: &mut watch::Receiver<Position>, at: Position) {
    tokio::select! {
        () = tokio::time::sleep_until(until) => {}
        Ok(_) = wanted.wait_for(|wanted| *wanted > at) => {}
    }
}
