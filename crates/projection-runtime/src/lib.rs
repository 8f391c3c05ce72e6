//! Feeds read models from the log (architecture, rule 7).
//!
//! A [`Projection`] turns events into rows of its own database. Rows and checkpoint change in one transaction; an event that
//! cannot be applied stops that projection, with its position and the reason to be seen, and nothing is ever skipped.

mod projection;

/// What a projection is fed with, so that read models need no other crate to name it.
pub use event_codec::{Envelope, Fingerprint, Metadata};
pub use event_store::{Position, StreamId};
pub use projection::{Projection, ProjectionError};
