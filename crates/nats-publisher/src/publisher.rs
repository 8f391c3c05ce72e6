//! The publisher, as the service runs it.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cursor::CursorFile;
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
pub struct Publisher {
    worker: Worker,
}

impl Publisher {
    /// Publishes what `feed` has to the stream of the settings, from where `cursor` and the stream say.
    #[must_use]
    pub fn new(feed: Arc<dyn Feed>, settings: Settings, cursor: CursorFile, pause: Arc<dyn Pause>) -> Self {
        describe();
        Self { worker: Worker::new(feed, settings, cursor, pause) }
    }

    /// What it tells about itself, now and later.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<PublisherStatus> {
        self.worker.board.watch()
    }

    /// Works until it is told to stop; what is on its way is waited for then. Being aborted instead is no worse than a crash, which
    /// does no harm.
    pub async fn run(mut self, stop: CancellationToken) {
        while let Err(halt) = self.worker.work(Goal::Forever, &stop).await {
            self.worker.board.stopped(halt.to_string(), &*self.worker.feed, &*self.worker.pause);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.worker.pause.pause(self.worker.settings.look_every) => {}
            }
        }
    }
}
