//! Read models in PostgreSQL: each build is a schema, and a table tells which there are and how far they have come.

pub(crate) mod catalogue;
pub(crate) mod in_use;
pub(crate) mod readers;
pub(crate) mod watch;
pub(crate) mod writer;

use event_store::Position;

/// As it is kept.
fn stored(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

/// As it was kept.
fn position(stored: i64) -> Position {
    Position(u64::try_from(stored).unwrap_or(0))
}
