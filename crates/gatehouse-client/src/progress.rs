//! How far an application is, and what an event that arrives means for it. Pure: nothing here waits, reads or writes.

use public_events::{Envelope, Position};
use uuid::Uuid;

/// The last event whose effects are kept, to be written **in the same transaction as those effects**. Nothing else decides what has
/// been handled: not what was acknowledged to NATS, and not where an HTTP stream was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which history of the log the position belongs to.
    pub epoch: Uuid,
    /// The position of that event, or of the snapshot that the application began with.
    pub position: Position,
}

/// What of the feed an application is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Every public event: each must follow the one before without a gap.
    Everything,
    /// The events of some applications, or of some subjects: those between are somebody else's, so that a gap cannot be told from what
    /// is not sent.
    Part,
}

/// What an event means for an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its effects are kept already: acknowledge it and go on.
    Seen,
    /// It is next: handle it, and keep this progress in the same transaction.
    Next(Progress),
}

/// Why an event can be neither handled nor passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfStep {
    /// Events are missing between what was seen last and this one.
    #[error(
        "the events after position {seen} up to {up_to} are missing before the one at {position}: \
         fetch them over HTTP (GET /v1/events?after={seen}), then go on"
    )]
    Gap {
        /// What was seen last; 0 if nothing was.
        seen: Position,
        /// The last event that is missing.
        up_to: Position,
        /// The event that came instead.
        position: Position,
    },
    /// The log was restored from a backup: what was seen of the other history may never have happened.
    #[error(
        "the log was restored from a backup (its epoch is {epoch} now), and its history is the one that was seen up to position {back_to} \
         at most: start again from a snapshot"
    )]
    HistoryChanged {
        /// The history that the event belongs to.
        epoch: Uuid,
        /// Up to where the two can be the same at most.
        back_to: Position,
    },
}

impl Progress {
    /// What this event means for an application that has seen that much (none: nothing yet).
    ///
    /// # Errors
    /// [`OutOfStep`]: another history, or, where everything is covered, a gap.
    pub fn step(seen: Option<Self>, envelope: &Envelope, coverage: Coverage) -> Result<Step, OutOfStep> {
        Self::step_to(seen, envelope.epoch, envelope.previous, envelope.position, coverage)
    }

    /// The same from the three attributes of the envelope that matter.
    ///
    /// # Errors
    /// [`OutOfStep`].
    pub fn step_to(seen: Option<Self>, epoch: Uuid, previous: Position, position: Position, coverage: Coverage) -> Result<Step, OutOfStep> {
        let last = seen.map_or(Position(0), |seen| seen.position);
        if seen.is_some_and(|seen| seen.epoch != epoch) {
            return Err(OutOfStep::HistoryChanged { epoch, back_to: last.min(previous) });
        }
        if position <= last {
            return Ok(Step::Seen);
        }
        // `previous` may be before what was seen: a snapshot is taken at any position, not only at that of a public event.
        if coverage == Coverage::Everything && previous > last {
            return Err(OutOfStep::Gap { seen: last, up_to: previous, position });
        }
        Ok(Step::Next(Self { epoch, position }))
    }
}
