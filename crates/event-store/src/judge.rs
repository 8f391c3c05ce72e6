//! What becomes of an append: the rules that every store follows, written once.
//!
//! A store validates an append when it is queued, and judges it when it is attempted, against the newest version of
//! the stream. Only where the expectation does not hold does it look at stored ids, and only at the places the append
//! was meant for: so no index over all event ids is needed.

use std::collections::HashSet;

use uuid::Uuid;

use crate::record::{self, MAX_RECORD_BYTES};
use crate::{Append, AppendError, Expected, GateState, StreamId};

/// The most events that one append may have.
pub const MAX_EVENTS: usize = 4096;

/// What to do with an append, as far as the newest version of its stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The expectation holds: write the events from this version on.
    Write {
        /// Version of the first event.
        first: u64,
    },
    /// There are events where these were to go: load the ids stored from `first` to `last` (inclusive) and ask [`repeat`].
    Compare {
        /// Version of the first event to compare.
        first: u64,
        /// Version of the last event to compare.
        last: u64,
    },
}

/// Whether an append can be recorded at all, on any stream.
///
/// # Errors
/// [`AppendError::Malformed`] if it has no events, too many, the same id twice, an unfit stream or type, or an event
/// whose record would be larger than [`MAX_RECORD_BYTES`].
pub fn validate(append: &Append) -> Result<(), AppendError> {
    if append.events.is_empty() {
        return Err(AppendError::Malformed("it has no events"));
    }
    if append.events.len() > MAX_EVENTS {
        return Err(AppendError::Malformed("it has more than 4096 events"));
    }
    if !is_category(&append.stream) {
        return Err(AppendError::Malformed("the kind of its stream is not 1 to 31 lower-case letters and '_'"));
    }
    for event in &append.events {
        if !is_type(&event.event_type) {
            return Err(AppendError::Malformed("an event's type is not 1 to 127 visible ASCII characters"));
        }
        if record::encoded_len(&append.stream, &event.event_type, &event.metadata, &event.data) > MAX_RECORD_BYTES {
            return Err(AppendError::Malformed("the record of an event is larger than 65,535 bytes"));
        }
    }
    if append.events.len() > 1 {
        let mut seen = HashSet::with_capacity(append.events.len());
        if !append.events.iter().all(|event| seen.insert(event.id)) {
            return Err(AppendError::Malformed("two of its events have the same id"));
        }
    }
    Ok(())
}

/// Whether what the append depends on was made.
///
/// # Errors
/// [`AppendError::PrerequisiteFailed`] if not, also when the other append has not been attempted yet: it was queued
/// later, or in another store.
pub fn prerequisite(append: &Append) -> Result<(), AppendError> {
    match append.after.as_ref().map(crate::Gate::state) {
        None | Some(GateState::Passed) => Ok(()),
        Some(GateState::Pending | GateState::Failed) => Err(AppendError::PrerequisiteFailed),
    }
}

/// Judges a valid append by the newest version of its stream (none: the stream has no event).
///
/// # Errors
/// [`AppendError::WrongExpectedVersion`] if there is nothing stored at the places that it was meant for.
pub fn judge(append: &Append, newest: Option<u64>) -> Result<Judgement, AppendError> {
    let first = append.expected.next_version();
    let holds = match append.expected {
        Expected::NoStream => newest.is_none(),
        Expected::Exact(version) => newest == Some(version),
    };
    match newest {
        _ if holds => Ok(Judgement::Write { first }),
        Some(newest) if first <= newest => {
            let count = u64::try_from(append.events.len()).unwrap_or(u64::MAX);
            Ok(Judgement::Compare { first, last: newest.min(first.saturating_add(count - 1)) })
        }
        actual => Err(AppendError::WrongExpectedVersion { actual }),
    }
}

/// Whether an append whose expectation does not hold is a repeat of what is stored, given the ids stored at the places
/// that [`Judgement::Compare`] named. If so, the answer is that of the original append, marked as repeated.
///
/// # Errors
/// [`AppendError::WrongExpectedVersion`] if none of its events is there, [`AppendError::PartlyRepeated`] if some are, or
/// in another order.
pub fn repeat(append: &Append, newest: Option<u64>, stored: &[Uuid]) -> Result<(), AppendError> {
    if stored.len() == append.events.len() && append.events.iter().map(|event| event.id).eq(stored.iter().copied()) {
        return Ok(());
    }
    let known: HashSet<Uuid> = stored.iter().copied().collect();
    if append.events.iter().any(|event| known.contains(&event.id)) {
        return Err(AppendError::PartlyRepeated);
    }
    Err(AppendError::WrongExpectedVersion { actual: newest })
}

/// 1 to 31 lower-case ASCII letters and `_`.
fn is_category(stream: &StreamId) -> bool {
    record::is_category(stream.category.as_bytes())
}

/// 1 to 127 visible ASCII characters.
fn is_type(event_type: &str) -> bool {
    record::is_type(event_type.as_bytes())
}
