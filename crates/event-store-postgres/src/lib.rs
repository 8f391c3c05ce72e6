//! The event log on PostgreSQL, for any number of instances: gapless, in the order of commits, durable before acknowledged.
//!
//! [`PostgresLog`] implements the port of `event-store` on one schema of a database. Its parts:
//!
//! * **queue** – [`EventStore::append`] puts the append into a bounded queue, in the order of calls, and returns;
//! * **writer** – a task takes whatever is queued, without a timer, and writes it in one transaction, which is one statement: it takes the
//!   row of the table `head`, which gives the positions and is held until the commit, and inserts streams and events by `UNNEST`. Each append
//!   is judged for itself, so one that conflicts fails alone;
//! * **readers** – a few connections;
//! * **newest** – questions for the newest event of a stream, many in one query;
//! * **follower** – hears and looks how far other instances have written.
//!
//! # Several instances
//!
//! A writer judges appends by what it remembers of their streams, which another instance may have overtaken. That does no harm: a stream is
//! made once, and has each version once, by two unique indexes; versions only grow, so an append that was right when its stream was read is
//! right when it is written, or refused by these. If so, the batch is judged again with all other writers shut out (the row of `head` locked)
//! and its streams read anew. Refusals stand only if nobody else has written since: a batch that has any is written only then, and judged again
//! so otherwise.
//!
//! # When a connection is lost
//!
//! What became of a transaction that was sent is found out, not guessed: the writer connects again and raises `turn` in the row of `head`,
//! which waits for the end of a transaction that still holds the row, and shuts out one that has not arrived: every write asks for the turn
//! it was sent under. Then the batch is judged again: what is in the log was written; what is not, is written now. Only when the database
//! stays away for longer than [`Options::patience`], appends are answered [`AppendError::OutcomeUnknown`] if they had been sent, and
//! [`AppendError::Unavailable`] if not.
//!
//! # When the database has lost its tail
//!
//! A server that takes over without the last events, or a backup that was put back, is noticed on the first connection: the log stops, see
//! [`PostgresLog::failure`]. A service that starts on such a database finds its read models beyond [`EventStore::head`], or of another
//! [`EventStore::epoch`].

mod check;
mod claim;
mod connections;
mod draft;
mod error;
mod follower;
mod import;
mod log;
mod names;
mod newest;
mod options;
mod progress;
mod queue;
mod reader;
mod schema;
mod session;
mod state;
mod writer;

pub use check::Report;
pub use claim::{ClaimError, Sharing};
pub use error::OpenError;
pub use import::{Import, ImportError};
pub use log::PostgresLog;
pub use options::Options;

#[cfg(doc)]
use event_store::{AppendError, EventStore};
