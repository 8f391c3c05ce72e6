//! The publisher, as the service runs it.

use std::sync::Arc;

use projection_runtime::Lease;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cursor_place::CursorPlace;
use crate::feed::Feed;
use crate::pause::Pause;
use crate::settings::Settings;
use crate::status::{PublisherStatus, describe};
use crate::worker::{Goal, Worker};

/// Publishes every public event to the stream, in the log's order and each once.
///
/// It makes a stream only where it never published to one of that name, and never overwrites one: when its cursor and the stream disagree
/// it stops, says what is wrong and what to do, and goes on as soon as they agree: when [`crate::reconcile()`] has set the cursor right, or
/// the stream is back.
///
/// It publishes while its lease is held. When that is lost it drops what it is at, as a crash would; when it is gained, it reads the cursor
/// and looks at the stream anew.
pub struct Publisher {
    worker: Worker,
    lease: Lease,
}

impl Publisher {
    /// Publishes what `feed` has to the stream of the settings, from where `cursor` and the stream say.
    #[must_use]
    pub fn new(feed: Arc<dyn Feed>, settings: Settings, cursor: impl Into<CursorPlace>, pause: Arc<dyn Pause>, lease: Lease) -> Self {
        describe();
        Self { worker: Worker::new(feed, settings, cursor.into(), pause), lease }
    }

    /// What it tells about itself, now and later.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<PublisherStatus> {
        self.worker.board.watch()
    }

    /// Works until it is told to stop; what is on its way is waited for then. Being aborted instead is no worse than a crash, which
    /// does no harm.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            if self.lease.held().is_none() {
                self.worker.board.elsewhere();
            }
            let fence = tokio::select! {
                () = stop.cancelled() => return,
                fence = self.lease.acquired() => fence,
            };
            let mut lease = self.lease.clone();
            self.worker.take_up(fence);
            tokio::select! {
                biased;
                () = lease.lost(fence) => {}
                () = self.work(&stop) => return,
            }
        }
    }

    async fn work(&mut self, stop: &CancellationToken) {
        while let Err(halt) = self.worker.work(Goal::Forever, stop).await {
            self.worker.board.stopped(halt.to_string(), &*self.worker.feed, &*self.worker.pause);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.worker.pause.pause(self.worker.settings.look_every) => {}
            }
        }
    }
}
