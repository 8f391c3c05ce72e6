//! Who may use what: subscriptions (organization × application), access (user × application), and the relationships of
//! organizations with partners that follow from them. No personal data.

mod apply;
mod queries;
mod rows;
mod schema;

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

pub use queries::*;
pub use rows::*;

/// The read model `entitlements`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entitlements;

#[async_trait]
impl Projection for Entitlements {
    fn name(&self) -> &'static str {
        "entitlements"
    }

    fn version(&self) -> u32 {
        1
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
