//! Feeds read models from the log (architecture, rule 7).
//!
//! A [`Projection`] turns events into rows of its own database. Rows and checkpoint change in one transaction; an event that
//! cannot be applied stops that projection, with its position and the reason to be seen, and nothing is ever skipped.
//!
//! [`sql`] writes many rows with few statements; [`Standalone`] is a read model by itself, without a log.

mod checkpoint;
mod database;
mod digest;
mod projection;
pub mod sql;
mod standalone;
pub mod table;

pub use digest::{Digest, digest};
pub use event_codec::{Envelope, Fingerprint, Metadata};
pub use event_store::{Clock, Epoch, Position, StreamId};
pub use projection::{Projection, ProjectionError};
pub use standalone::Standalone;
