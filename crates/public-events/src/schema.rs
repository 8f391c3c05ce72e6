//! JSON Schemas of events, as they are published under `schemas/public` and served over HTTP.

use schemars::Schema;

pub use crate::event::{KINDS, Kind};

/// The schema of the data of an event of this type; none if there is no such type.
#[must_use]
pub fn of(kind: &str) -> Option<Schema> {
    KINDS.iter().find(|known| known.kind == kind).map(|known| (known.schema)())
}
