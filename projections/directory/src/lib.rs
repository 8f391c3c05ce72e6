//! Who and what there is: organizations, their users, the operator's staff, the application catalogue and the invitations.
//!
//! Personal columns are kept in the clear and become NULL when a person is forgotten (architecture, rule 11). A value that is
//! erased in an event is NULL from the start, so that a rebuild gives the same rows.

mod apply;
pub mod names;
mod queries;
mod rows;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

pub use queries::*;
pub use rows::*;

/// The read model `directory`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Directory;

#[async_trait]
impl Projection for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn version(&self) -> u32 {
        3
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
