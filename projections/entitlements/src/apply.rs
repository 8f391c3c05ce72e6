//! Events to rows.

mod access;
mod relationships;
mod subscriptions;

use std::sync::Arc;

use projection_runtime::{Envelope, ProjectionError, Tables};

/// Applies a batch. Relationships come from several aggregates, so their events are folded together in the order of the log.
pub(crate) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    subscriptions::apply(conn, events).await?;
    access::apply(conn, events).await?;
    relationships::apply(conn, events).await
}
