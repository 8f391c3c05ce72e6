//! The event log on EventStoreDB or KurrentDB.
//!
//! [`KurrentLog`] implements the port of `event-store` on a cluster that is reached through the client which its author published first as
//! `eventstore` and now as `kurrentdb`. Its parts:
//!
//! * **connection** – a client that is made anew whenever it failed, and follows the leader;
//! * **queue** – [`EventStore::append`] puts the append into the lane of its stream, in the order of calls, and returns. Lanes run side by
//!   side, each with one append at the server at a time;
//! * **writer** – asks the server, with a deadline of its own, and gives an append whose outcome is unknown the true one;
//! * **follower** – pages through `$all` from the last event it saw, and moves the head. Nothing is subscribed to;
//! * **reader** – pages of ours out of the server's pages, checked.
//!
//! # What is stored
//!
//! A stream is named `category-uuid`, an event keeps its id, type, data and version. Metadata stands behind 25 bytes of our own in the
//! event's custom metadata: the recorded time in microseconds, since the server gives back its own cut to seconds, and the mark of the
//! append. The epoch is in the stream `gatehouse-epochs`. [`Options::namespace`] keeps several logs in one cluster apart.
//!
//! # Positions
//!
//! A position is the commit position of the event in `$all`. The server writes each event of an append as a record of its own that is its
//! own commit, so each has a position of its own, growing by the size of the record; that it is so is checked whenever events are read.
//! It can only read from where a record begins: for any other position ([`event_store::as_of`] asks for such) the log looks from the nearest
//! place it has read before, at worst from the beginning.
//!
//! # Repeats and unknown outcomes
//!
//! The server recognizes a repeat as long as it still has the ids, and answers it like the first time. Ours are exact: an append is
//! answered only when its last event was read back, and the mark in it tells whether this append wrote it. After a lost connection, a
//! timeout or a change of leader the append is asked for again with the same ids and expectation, which can never make it twice.
//!
//! # What is read is read from the leader
//!
//! So are the newest events that answers are confirmed against. A leader that is cut off from the others may for a moment still answer from
//! before; it cannot make an append. While the cluster has no leader, reads are `Unavailable` and appends wait for their deadline.
//!
//! # Recorded time
//!
//! With one process appending, it never decreases with the position, but for an append that the server takes more than a second to make. With
//! several, a process never records a time before one that it has seen; appends that two processes make at the same moment may stand in an
//! order other than their times, by no more than their clocks differ and the server takes.
//!
//! # When it stops
//!
//! The log takes no more appends and says so through [`KurrentLog::failure`] when the event that it saw last is no longer where it was (a
//! failover that lost the end of the log, or a restored backup), when events of a stream were deleted, truncated or hidden, or when a new epoch
//! was started. A process that starts only after events were lost cannot see it: whoever restores a cluster, or finds that a failover lost
//! events, starts a new epoch ([`KurrentLog::start_new_epoch`]), so that cursors from before are refused. Readers get [`event_store::ReadError::Damaged`] at such places, never a page that leaves events out.

mod connection;
mod epoch;
mod error;
mod failure;
mod follower;
mod frame;
mod log;
mod names;
mod options;
mod pages;
mod queue;
mod reader;
mod times;
mod writer;

pub use error::{OpenError, ServerError};
pub use log::KurrentLog;
pub use options::Options;

#[cfg(doc)]
use event_store::EventStore;
