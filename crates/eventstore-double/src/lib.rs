//! A stand-in for EventStoreDB, for tests only: it speaks the part of the public protocol that the log uses, answers as the server
//! does, and fails when it is told to. It is no database: everything is in memory, and gone with the process.
//!
//! In a test, [`Store::new`] makes the log and [`Node::start`] a server of it on a port of its own; several nodes of one store
//! are a cluster, of which one leads. [`Apart`] is a server on threads of its own. As a process: `eventstore-double --port 2113` (prints its address and serves until it ends).
//!
//! What it does as the server does (read in the server's published source, EventStoreDB 21 to KurrentDB 25):
//!
//! * each event is a record of its own with a commit position of its own, growing by the size of the record;
//! * reading `$all` forwards starts with the event at the position, backwards with the one before it; a position where no record
//!   begins is refused with `INVALID_ARGUMENT`; beyond the end there is nothing;
//! * an append whose expectation is behind the stream is compared by ids at the places it was meant for: all equal is answered like the
//!   first time, anything else is `WrongExpectedVersion`;
//! * `requires-leader` is refused by a follower with `exception: not-leader` and the leader's address; a tombstone answers
//!   `exception: stream-deleted`; an append above 1 MiB or an event without an id is refused;
//! * a stream that was truncated or deleted softly shows only what is left.

mod apart;
mod faults;
mod messages;
mod node;
mod quick;
mod service;
mod store;

pub use apart::Apart;
pub use faults::Fault;
pub use node::Node;
pub use store::{Expected, Outcome, Proposed, Store, Stored};
