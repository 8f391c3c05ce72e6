//! The port of the event log, which every store implements and every test runs against.
//!
//! A log holds streams of events. Within a stream, versions count from 0 without a gap; over all streams, a
//! [`Position`] increases in commit order, so that a reader that remembers one number misses nothing. The log knows
//! bytes only: what an event means is the business of `event-codec` (architecture, rules 2 and 3).
//!
//! [`EventStore`] is the port. [`judge`] holds the rules of appending, for whoever writes a store; [`conformance`] the
//! tests that every store must pass; [`generations`] a memory with a bound for them; [`memory`] a store for tests; [`record`] the canonical bytes of an event.

mod append;
mod as_of;
mod clock;
pub mod conformance;
mod digest;
pub mod generations;
pub mod judge;
pub mod memory;
mod position;
pub mod record;
mod recorded;
mod stream;

pub use append::{Append, AppendError, Appended, Expected, Gate, GateState, NewEvent, Settle, Ticket};
pub use as_of::as_of;
pub use clock::{Clock, recorded_time};
pub use digest::{DigestError, LogDigest};
pub use position::{Epoch, Position};
pub use recorded::Recorded;
pub use stream::{StreamId, StreamName};

use async_trait::async_trait;
use tokio::sync::watch;

/// What reading from a log can answer instead of events.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store cannot be read now; trying again later may succeed.
    #[error("the event log cannot be read right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored is not what was written: the log must be restored from a backup.
    #[error("the event log is damaged at {at}: {what}")]
    Damaged {
        /// Where: a position or a stream and version, for a person to read.
        at: String,
        /// What is wrong there.
        what: String,
    },
}

/// Which way a page of events is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Forwards,
    /// Newest first.
    Backwards,
}

/// The event log (architecture, rules 2 to 4).
///
/// Implementations acknowledge an append only once it is on disk, and give back data and metadata byte for byte.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// Queues an append and returns at once with the ticket that will tell its outcome.
    ///
    /// The order of calls is the order of attempts: two appends to one stream that are queued one after the other are
    /// tried in that order, so a caller may decide on what an earlier append will have made true. An append whose
    /// [`Append::after`] names an earlier ticket's append is attempted only if that one succeeded.
    ///
    /// Dropping the ticket does not withdraw the append.
    fn append(&self, append: Append) -> Ticket;

    /// Events of one stream, at most `limit`, starting at version `from` (inclusive) in the given direction.
    ///
    /// Backwards from `u64::MAX` starts at the newest. An unknown stream is an empty page.
    ///
    /// # Errors
    /// [`ReadError`] when the store cannot answer.
    async fn read_stream(&self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError>;

    /// Events of all streams with a position greater than `after`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`] when the store cannot answer.
    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError>;

    /// Events of all streams with a position less than `before`, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`] when the store cannot answer.
    async fn read_all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError>;

    /// Whether other processes may append to this log as well. If so, whatever was folded from it may have been overtaken by now:
    /// [`EventStore::newest`] tells. If not, an answer of this process is as new as can be once its own appends are settled.
    fn is_shared(&self) -> bool {
        false
    }

    /// The version and the position of the newest durable event of a stream; none if it has no event. Asked of the store itself, never
    /// of what this process remembers; [`EventStore::head`] is at that position or beyond when this answers.
    ///
    /// # Errors
    /// [`ReadError`] when the store cannot answer.
    async fn newest(&self, stream: &StreamId) -> Result<Option<(u64, Position)>, ReadError> {
        let newest = self.read_stream(stream, u64::MAX, Direction::Backwards, 1).await?;
        Ok(newest.first().map(|event| (event.version, event.position)))
    }

    /// The position of the newest durable event; changes as others commit. Following the log is: read pages until
    /// empty, then wait for this to change.
    fn head(&self) -> watch::Receiver<Position>;

    /// Which history this is: a restore starts a new one, and cursors of the old one are refused.
    fn epoch(&self) -> Epoch;
}
