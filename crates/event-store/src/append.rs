//! What is asked of the log and what it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{Position, StreamId};

/// What a stream must look like for an append to be accepted. There is no "any".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream has no event yet.
    NoStream,
    /// The newest event of the stream has this version.
    Exact(u64),
}

impl Expected {
    /// The version that the first appended event will get.
    #[must_use]
    pub fn next_version(self) -> u64 {
        match self {
            Self::NoStream => 0,
            Self::Exact(version) => version.saturating_add(1),
        }
    }
}

/// An event to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Retry key: the same ids appended again get the original answer.
    pub id: Uuid,
    /// Such as `registration.submitted.v1`: 1 to 127 visible ASCII characters.
    pub event_type: Arc<str>,
    /// Opaque to the log.
    pub metadata: Bytes,
    /// Opaque to the log.
    pub data: Bytes,
}

/// One or more events for one stream: all are recorded, or none.
#[derive(Debug, Clone)]
pub struct Append {
    /// The stream to append to.
    pub stream: StreamId,
    /// What the stream must look like.
    pub expected: Expected,
    /// At least one event.
    pub events: Vec<NewEvent>,
    /// An append queued earlier in this process that must succeed first. It may still be in the same batch: the two
    /// then become durable together. If it fails, this fails with [`AppendError::PrerequisiteFailed`].
    pub after: Option<Gate>,
}

/// An append that is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Position of the last event of the append.
    pub position: Position,
    /// Version of the last event of the append.
    pub version: u64,
    /// Whether these events had been there already (same ids, same place).
    pub repeated: bool,
}

/// Why an append was not made. Nothing of it is in the log, but for [`AppendError::OutcomeUnknown`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The stream has moved on, or is not there.
    #[error("the stream is at {actual:?}, not where the append expected it")]
    WrongExpectedVersion {
        /// The newest version, or none if the stream has no event.
        actual: Option<u64>,
    },
    /// Some of the event ids are in the stream already, but not all, or in another place.
    #[error("some of these events are in the stream already, but not all of them in this place")]
    PartlyRepeated,
    /// The append named in [`Append::after`] was not made.
    #[error("the append that this one depends on was not made")]
    PrerequisiteFailed,
    /// An event is larger than a record may be, has an empty type, or the append has no events.
    #[error("the append is malformed: {0}")]
    Malformed(&'static str),
    /// The store cannot write now (disk full, shutting down): nothing was recorded, and trying again may succeed.
    #[error("the event log cannot be written right now: {0}")]
    Unavailable(Arc<str>),
    /// The store cannot tell whether it was recorded: ask again with the same event ids.
    #[error("the outcome of the append is unknown: {0}")]
    OutcomeUnknown(Arc<str>),
}

/// Tells the outcome of a queued append, once it is durable or has failed.
#[derive(Debug)]
pub struct Ticket {
    outcome: oneshot::Receiver<Result<Appended, AppendError>>,
    gate: Gate,
}

/// What a store holds of a queued append, to settle its [`Ticket`].
#[derive(Debug)]
pub struct Settle {
    outcome: oneshot::Sender<Result<Appended, AppendError>>,
    gate: Gate,
}

/// Whether a queued append was attempted, and with what result: lets a later append depend on it without waiting.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<AtomicU8>);

/// What became of an append that another one depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateState {
    /// Not attempted yet.
    Pending,
    /// In the log, or in the transaction being written.
    Passed,
    /// Failed: what depends on it fails too.
    Failed,
}

impl Ticket {
    /// A ticket and the handle that settles it.
    #[must_use]
    pub fn new() -> (Settle, Self) {
        let (sender, receiver) = oneshot::channel();
        let gate = Gate::default();
        (Settle { outcome: sender, gate: gate.clone() }, Self { outcome: receiver, gate })
    }

    /// For the [`Append::after`] of a later append.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Waits for the outcome.
    ///
    /// # Errors
    /// As [`AppendError`] says; [`AppendError::OutcomeUnknown`] if the store went away.
    pub async fn outcome(self) -> Result<Appended, AppendError> {
        self.outcome.await.unwrap_or_else(|_| Err(AppendError::OutcomeUnknown("the store stopped".into())))
    }
}

impl Settle {
    /// Says that the append is in the transaction being written (or is not), before it is durable.
    pub fn stage(&self, passed: bool) {
        self.gate.0.store(if passed { 1 } else { 2 }, Ordering::Release);
    }

    /// Tells the outcome to whoever holds the ticket.
    pub fn settle(self, outcome: Result<Appended, AppendError>) {
        self.stage(outcome.is_ok());
        // Nobody waiting is fine: the append stands.
        drop(self.outcome.send(outcome));
    }
}

impl Gate {
    /// What became of the append so far.
    #[must_use]
    pub fn state(&self) -> GateState {
        match self.0.load(Ordering::Acquire) {
            0 => GateState::Pending,
            1 => GateState::Passed,
            _ => GateState::Failed,
        }
    }
}
