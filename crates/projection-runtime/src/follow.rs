//! Gives a consumer its events.

use std::sync::Arc;
use std::time::Duration;

use event_codec::Envelope;
use event_store::{Position, ReadError};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::consumer::{Begin, Consumer, ConsumerError, ConsumerState};
use crate::cursors::{Cursors, Place, Superseded};
use crate::decode::chain;
use crate::feed::{Batch, Cursor, Halt};
use crate::lease::{Fence, Lease};

/// Events taken from the reader at once.
const BATCH: usize = 100;

/// How long the place in the log waits to be kept once an event was handled: what comes again after a crash.
const KEPT: Duration = Duration::from_millis(500);

/// Pauses before an event is tried again: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Pauses before it is tried again to learn where a consumer is: the first, and the longest.
const CLAIM: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

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
    pub(crate) fn new(name: &'static str) -> Self {
        let trouble = Trouble { state: Some(ConsumerState::Elsewhere), at_since: None };
        Self { name, position: watch::Sender::new(Position::START), trouble: Mutex::new(trouble) }
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

    /// It is another instance's now.
    fn elsewhere(&self) {
        *self.trouble.lock() = Trouble { state: Some(ConsumerState::Elsewhere), at_since: None };
    }
}

/// Why a consumer is given no more events.
enum End {
    Stopping,
    Stopped(Position, String),
    /// Its lease is lost.
    Lost,
    /// Whoever holds the lease now has claimed its place.
    Superseded,
}

/// Why a consumer's place is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// The database of places fails.
    #[error("the place of a consumer cannot be read")]
    Places(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error("the end of the event log cannot be read")]
    Log(#[from] ReadError),
    /// It has handled events that the log does not have.
    #[error(
        "it has handled the events up to {position}, but the log ends at {head}: the log has lost events that were acknowledged; \
        see how that came before anything else is written"
    )]
    BeyondLog { position: Position, head: Position },
}

/// A consumer at work, while its lease is held.
pub(crate) struct Follower {
    pub(crate) consumer: Arc<dyn Consumer>,
    pub(crate) cursor: Cursor,
    pub(crate) cursors: Arc<Cursors>,
    pub(crate) track: Arc<Track>,
    pub(crate) lease: Lease,
    pub(crate) stop: CancellationToken,
}

impl Follower {
    /// Gives events, while its lease is held, until the runtime stops or the consumer does.
    pub(crate) async fn run(mut self, mut held: Option<Fence>) {
        loop {
            let fence = match held.take() {
                Some(fence) => fence,
                None => match self.take_up().await {
                    Some(fence) => fence,
                    None => return,
                },
            };
            let mut lease = self.lease.clone();
            let end = tokio::select! {
                biased;
                () = lease.lost(fence) => End::Lost,
                end = self.follow(fence) => end,
            };
            match end {
                End::Stopping => return,
                End::Stopped(position, reason) => {
                    tracing::error!(consumer = self.track.name, position = position.0, %reason, "a consumer has stopped");
                    let _ = self.save(fence, Some((position, &reason))).await;
                    self.track.in_trouble(ConsumerState::Stopped { position, reason });
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        () = lease.lost(fence) => {}
                    }
                }
                End::Lost | End::Superseded => {}
            }
            self.track.elsewhere();
            // Where it holds up nobody.
            self.cursor.advance(Position::START);
        }
    }

    /// Waits for the lease, and goes to the place that is kept, which another instance may have moved. None: the runtime stops.
    async fn take_up(&mut self) -> Option<Fence> {
        let mut pause = CLAIM.0;
        loop {
            let fence = tokio::select! {
                () = self.stop.cancelled() => return None,
                fence = self.lease.acquired() => fence,
            };
            let mut lease = self.lease.clone();
            let claimed = tokio::select! {
                () = self.stop.cancelled() => return None,
                () = lease.lost(fence) => {
                    self.track.elsewhere();
                    continue;
                }
                claimed = self.claim(fence) => claimed,
            };
            let again = async {
                match claimed {
                    Ok(Ok(())) => return true,
                    // The lease is not what it seems here.
                    Ok(Err(Superseded)) => {
                        self.track.elsewhere();
                        self.lease.clone().lost(fence).await;
                    }
                    Err(error) => {
                        let reason = chain(&error);
                        if pause == CLAIM.0 {
                            tracing::warn!(consumer = self.track.name, reason, "a consumer cannot go on right now");
                        }
                        let position = *self.track.position.borrow();
                        self.track.in_trouble(ConsumerState::Waiting { position, reason });
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(CLAIM.1);
                    }
                }
                false
            };
            tokio::select! {
                () = self.stop.cancelled() => return None,
                is_claimed = again => if is_claimed { return Some(fence) },
            }
        }
    }

    /// Goes to the place that is kept, and has it fenced.
    pub(crate) async fn claim(&self, fence: Fence) -> Result<Result<(), Superseded>, ClaimError> {
        // As the store itself says: what another instance has handled may be beyond what is known here.
        let head = self.cursor.newest().await?;
        let begin = match self.consumer.begins() {
            Begin::FirstEvent => Position::START,
            Begin::Head => head,
        };
        let claimed = self.cursors.claim(Place { name: self.track.name, position: begin, fence }, head).await?;
        if let Ok(position) = claimed {
            if position > head {
                return Err(ClaimError::BeyondLog { position, head });
            }
            self.cursor.advance(position);
            self.track.handled(position);
        }
        Ok(claimed.map(|_| ()))
    }

    async fn follow(&self, fence: Fence) -> End {
        let mut due = None;
        let end = loop {
            let batch = tokio::select! {
                batch = self.cursor.next(BATCH) => batch,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    match self.save_if_due(&mut due, fence).await {
                        Ok(()) => continue,
                        Err(end) => break end,
                    }
                }
            };
            let batch = match batch {
                Ok(batch) => batch,
                Err(Halt::Stopping) => break End::Stopping,
                Err(Halt::Unreadable(failure)) => break End::Stopped(failure.position, failure.reason),
            };
            if let Err(end) = self.handle(&batch, &mut due, fence).await {
                break end;
            }
        };
        if let End::Stopping = end {
            let _ = self.save(fence, None).await;
        }
        end
    }

    /// Hands events to the consumer. `due` is when its place is to be kept; none while it is.
    async fn handle(&self, batch: &Batch, due: &mut Option<Instant>, fence: Fence) -> Result<(), End> {
        for event in &batch.events {
            self.track.at(event);
            self.handle_one(event, due, fence).await?;
            self.cursor.advance(event.position);
            self.track.handled(event.position);
            due.get_or_insert_with(|| Instant::now() + KEPT);
            self.save_if_due(due, fence).await?;
        }
        Ok(())
    }

    async fn save_if_due(&self, due: &mut Option<Instant>, fence: Fence) -> Result<(), End> {
        if due.is_none_or(|due| Instant::now() < due) {
            return Ok(());
        }
        *due = None;
        self.save(fence, None).await.map_err(|Superseded| End::Superseded)
    }

    async fn handle_one(&self, event: &Envelope, due: &mut Option<Instant>, fence: Fence) -> Result<(), End> {
        let mut pause = PAUSE.0;
        loop {
            // Whoever was stopped for a while learns here that another instance handles this.
            if self.lease.held() != Some(fence) {
                return Err(End::Lost);
            }
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
            self.save_if_due(due, fence).await?;
            tokio::select! {
                () = self.stop.cancelled() => return Err(End::Stopping),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE.1),
            }
        }
    }

    /// That it fails means only that events come again.
    async fn save(&self, fence: Fence, failed: Option<(Position, &str)>) -> Result<(), Superseded> {
        let place = Place { name: self.track.name, position: self.cursor.position(), fence };
        match self.cursors.save(place, failed).await {
            Ok(saved) => {
                if saved.is_err() {
                    tracing::warn!(consumer = self.track.name, "another instance has taken over: its place in the log stands");
                }
                saved
            }
            Err(error) => {
                tracing::warn!(consumer = self.track.name, error = %chain(&error), "the place of a consumer in the log cannot be kept right now");
                Ok(())
            }
        }
    }
}
