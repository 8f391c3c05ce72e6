//! Who did what, when, why and from where, for every organization, person and case (domain, J9).
//!
//! The read model is an index and holds nothing of what the log holds, no personal data either: only which events concern whom,
//! also those of other streams. A reader takes positions from [`positions`], fetches and opens these events from the log, and turns
//! them into sentences with [`narrate`] or into the state as it was with [`state_at`]. A person who has been
//! forgotten reads as `erased` there without anything being done here.

mod apply;
pub mod narrate;
mod queries;
mod rows;
mod schema;
pub mod state_at;

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

pub use queries::*;
pub use rows::Subject;

/// The read model `audit-history`.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditHistory;

#[async_trait]
impl Projection for AuditHistory {
    fn name(&self) -> &'static str {
        "audit-history"
    }

    fn version(&self) -> u32 {
        2
    }

    fn schema(&self) -> &'static [&'static str] {
        schema::SCHEMA
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        schema::TABLES
    }

    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        apply::apply(rows, events).await
    }
}
