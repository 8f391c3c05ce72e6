//! Gives a consumer its events.

use std::sync::Arc;
use std::time::Duration;

use event_codec::Envelope;
use event_store::Position;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::consumer::{Consumer, ConsumerError, ConsumerState};
use crate::cursors::Cursors;
use crate::decode::chain;
use crate::feed::{Batch, Cursor, Halt};

/// Events taken from the reader at once.
const BATCH: usize = 100;

/// How long the place in the log waits to be kept once an event was handled: what comes again after a crash.
const KEPT: Duration = Duration::from_millis(500);

/// Pauses before an event is tried again: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// What is known of a consumer while it runs.
pub(crate) struct Track {
    pub(crate) name: &'static str,
    /// The last event handled.
    pub(crate) position: watch::Sender<Position>,
    trouble: Mutex<Trouble>,
}

#[derive(Default)]
struct Trouble {
    state: Option<ConsumerState>,
    at_since: Option<Timestamp>,
}

impl Track {
    pub(crate) fn new(name: &'static str, position: Position) -> Self {
        Self { name, position: watch::Sender::new(position), trouble: Mutex::default() }
    }

    /// What it waits for or stopped at, and when the event that it is at was recorded.
    pub(crate) fn trouble(&self) -> (Option<ConsumerState>, Option<Timestamp>) {
        let trouble = self.trouble.lock();
        (trouble.state.clone(), trouble.at_since)
    }

    fn at(&self, event: &Envelope) {
        self.trouble.lock().at_since = Some(event.recorded_at);
    }

    fn handled(&self, position: Position) {
        *self.trouble.lock() = Trouble::default();
        self.position.send_replace(position);
    }

    fn in_trouble(&self, state: ConsumerState) {
        self.trouble.lock().state = Some(state);
    }
}

/// Why a consumer is given no more events.
enum End {
    Stopping,
    Stopped(Position, String),
}

/// A consumer at work.
pub(crate) struct Follower {
    pub(crate) consumer: Arc<dyn Consumer>,
    pub(crate) cursor: Cursor,
    pub(crate) cursors: Arc<Cursors>,
    pub(crate) track: Arc<Track>,
    pub(crate) stop: CancellationToken,
}

impl Follower {
    /// Gives events until the runtime stops or the consumer does.
    pub(crate) async fn run(self) {
        // When the place is to be kept; none while it is.
        let mut due = None;
        let end = loop {
            let batch = tokio::select! {
                batch = self.cursor.next(BATCH) => batch,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.save(None).await;
                    due = None;
                    continue;
                }
            };
            let batch = match batch {
                Ok(batch) => batch,
                Err(Halt::Stopping) => break End::Stopping,
                Err(Halt::Unreadable(failure)) => break End::Stopped(failure.position, failure.reason),
            };
            let kept_until = *due.get_or_insert_with(|| Instant::now() + KEPT);
            if let Err(end) = self.handle(&batch).await {
                break end;
            }
            if kept_until <= Instant::now() {
                self.save(None).await;
                due = None;
            }
        };
        match end {
            End::Stopping => self.save(None).await,
            End::Stopped(position, reason) => {
                tracing::error!(consumer = self.track.name, position = position.0, %reason, "a consumer has stopped");
                self.save(Some((position, &reason))).await;
                self.track.in_trouble(ConsumerState::Stopped { position, reason });
            }
        }
    }

    async fn handle(&self, batch: &Batch) -> Result<(), End> {
        for event in &batch.events {
            self.track.at(event);
            self.handle_one(event).await?;
            self.cursor.advance(event.position);
            self.track.handled(event.position);
        }
        Ok(())
    }

    async fn handle_one(&self, event: &Envelope) -> Result<(), End> {
        let mut pause = PAUSE.0;
        loop {
            let handled = tokio::select! {
                () = self.stop.cancelled() => return Err(End::Stopping),
                handled = self.consumer.handle(event) => handled,
            };
            match handled {
                Ok(()) => return Ok(()),
                Err(ConsumerError::Stop(reason)) => return Err(End::Stopped(event.position, reason)),
                Err(ConsumerError::Later(reason)) => {
                    if pause == PAUSE.0 {
                        tracing::warn!(consumer = self.track.name, position = event.position.0, %reason, "a consumer tries an event again");
                    }
                    self.track.in_trouble(ConsumerState::Waiting { position: event.position, reason });
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(End::Stopping),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE.1),
            }
        }
    }

    /// That it fails means only that events come again.
    async fn save(&self, failed: Option<(Position, &str)>) {
        if let Err(error) = self.cursors.save(self.track.name, self.cursor.position(), failed).await {
            tracing::warn!(consumer = self.track.name, error = %chain(&error), "the place of a consumer in the log cannot be kept right now");
        }
    }
}
