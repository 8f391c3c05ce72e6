//! The projection.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::sql::Database;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

use crate::batch::Batch;
use crate::causes;
use crate::schema::{SCHEMA, TABLES};

/// The outbox as a projection: `gatehouse rebuild notification-dispatch`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotificationDispatch;

#[async_trait]
impl Projection for NotificationDispatch {
    fn name(&self) -> &'static str {
        "notification-dispatch"
    }

    fn version(&self) -> u32 {
        2
    }

    fn schema(&self) -> &'static [&'static str] {
        SCHEMA
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        TABLES
    }

    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        let mut batch = Batch::new(rows.tables());
        let (mut needed, mut begun) = (BTreeSet::new(), BTreeSet::new());
        for envelope in events {
            causes::needs(&mut needed, &envelope.event);
            if envelope.version == 0 && causes::has_facts_of_its_own(&envelope.event) {
                begun.insert(envelope.event.key());
            }
        }
        batch.begin(begun.into_iter());
        batch.prefetch(needed).await?;
        for envelope in events {
            causes::apply(&mut batch, envelope).await?;
        }
        batch.finish().await
    }
}
