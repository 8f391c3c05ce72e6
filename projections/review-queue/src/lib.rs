//! What reviewers work from: the cases that are submitted and not decided, by due time (domain, J8). No personal data.
//!
//! [`page`], [`counts`] and [`get`] ask it. A case that is being filled in, or whose decision can still be taken back, is kept
//! beside the queue, so that it has all it needs when it comes (back).

mod apply;
mod queries;
mod rows;
mod schema;
mod search;

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

pub use queries::*;
pub use rows::*;

/// The read model `review-queue`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReviewQueue;

#[async_trait]
impl Projection for ReviewQueue {
    fn name(&self) -> &'static str {
        "review-queue"
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
