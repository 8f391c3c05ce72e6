//! Followers of the log that are no read models: process managers, dispatchers, publishers.

use async_trait::async_trait;
use event_codec::Envelope;
use event_store::Position;

/// Why an event was not handled.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConsumerError {
    /// Not now; it is given again after a pause, and nothing after it before.
    #[error("not now: {0}")]
    Later(String),
    /// Never, as the code is: the consumer stops, visibly, until the service is started again.
    #[error("the event cannot be handled: {0}")]
    Stop(String),
}

/// Something that acts on events, each at least once, in the order of the log. Its place in the log is durable and its own.
///
/// An event comes again after a crash, and all of them after a restore from a backup: what follows from an event must be named by
/// it (ids derived from the event's), so that doing it twice is doing it once (architecture, rules 8 and 9).
#[async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Such as `onboarding`: names its place in the log, for good.
    fn name(&self) -> &'static str;

    /// Where it begins when it has no place yet.
    fn begins(&self) -> Begin {
        Begin::FirstEvent
    }

    /// Acts on an event. Dropped while it runs when the service stops, or its lease is lost: the event comes again, here or to another
    /// instance.
    ///
    /// # Errors
    /// [`ConsumerError`] when the event was not handled.
    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError>;
}

/// Where a new consumer begins, when its lease is held for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the first event of the log.
    FirstEvent,
    /// With what comes after the events that are there.
    Head,
}

/// How a consumer is.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerStatus {
    /// Its name.
    pub name: &'static str,
    /// The last event that it has handled.
    pub position: Position,
    /// Events that it has not handled yet, as a distance of positions.
    pub lag_events: u64,
    /// Seconds since the event that it is at was recorded; 0 if it waits for events.
    pub lag_seconds: f64,
    /// What it does.
    pub state: ConsumerState,
}

/// What a consumer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsumerState {
    /// Handles events as they come.
    Live,
    /// Handles a backlog.
    CatchingUp,
    /// Tries an event again and again.
    Waiting {
        /// Which event.
        position: Position,
        /// What it said last.
        reason: String,
    },
    /// Handles nothing: another instance holds its lease, and handles them. The position is then the last one that is known here, and the
    /// lag 0.
    Elsewhere,
    /// Goes no further until the service is started again, or another instance takes over.
    Stopped {
        /// The event that it cannot handle.
        position: Position,
        /// Why not.
        reason: String,
    },
}
