//! The event log on SQLite: one writer thread, group commit, durable before acknowledged.
//!
//! [`SqliteLog`] implements the port of `event-store` on one file. Its parts:
//!
//! * **queue** – [`EventStore::append`] puts the append into a bounded queue, in the order of calls, and returns;
//! * **writer** – a thread takes whatever is queued, without a timer, writes it in one transaction and commits once.
//!   Each append is judged for itself, so one that conflicts fails alone. Only when the commit is on disk
//!   (`synchronous=FULL`) the head moves and the answers are given;
//! * **checkpointer** – a thread that moves the write-ahead log into the database, so that no append has to;
//! * **readers** – a few connections, each used by one blocking task at a time. A long read is made of short ones, since
//!   an open read keeps the write-ahead log from starting over;
//! * **lock** – a file beside the log, locked by the operating system for as long as the process lives.
//!
//! # When writing fails
//!
//! If a batch cannot be written (disk full), all its appends are answered [`AppendError::Unavailable`], what the writer
//! had in memory is loaded anew, and the next batch is tried as if nothing had been. If the disk reports an I/O error, or
//! the file is damaged, nobody can tell what a later `fsync` is worth: the log takes no more appends and says so through
//! [`SqliteLog::failure`]. The process should then stop and start again from what is on disk. Appends whose commit failed
//! so are answered [`AppendError::OutcomeUnknown`]: asked again with the same ids after the restart, they get the truth.

mod backup;
mod batch;
mod check;
mod checkpoint;
mod error;
mod import;
mod lock;
mod log;
mod options;
mod queue;
mod reader;
mod schema;
mod writer;

pub use backup::BackupError;
pub use check::{Report, check_file};
pub use error::OpenError;
pub use import::{Import, ImportError};
pub use log::SqliteLog;
pub use options::{Durability, Options};

#[cfg(doc)]
use event_store::{AppendError, EventStore};
