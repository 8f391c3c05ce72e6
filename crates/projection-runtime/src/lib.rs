//! Feeds read models from the log (architecture, rule 7).
//!
//! A [`Projection`] turns events into rows of its own database. Rows and checkpoint change in one transaction; an event that
//! cannot be applied stops that projection, with its position and the reason to be seen, and nothing is ever skipped.

mod projection;

pub use projection::{Projection, ProjectionError};
