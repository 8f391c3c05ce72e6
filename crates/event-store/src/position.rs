//! Where an event stands in the whole log.

use std::fmt;

use uuid::Uuid;

/// A place in the log, increasing in commit order. [`Position::START`] is before the first event.
///
/// SQL stores number without gaps; callers must not rely on it, nor on the distance between two positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identifies one history of a log; a restored log continues under a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(pub Uuid);
