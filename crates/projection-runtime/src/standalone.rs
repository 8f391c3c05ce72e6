//! A read model by itself.

use std::path::Path;
use std::sync::Arc;

use event_codec::Envelope;
use event_store::Epoch;
use sqlx::AnyConnection;

use crate::apply::apply_once;
use crate::{Digest, Projection, ProjectionError, database, digest};

/// A read model in a database of its own, which gets events by hand instead of from a log: to test a projection, or to look at
/// rows outside a service.
pub struct Standalone<P> {
    projection: P,
    db: AnyConnection,
}

impl<P: Projection> Standalone<P> {
    /// An empty read model in a new file at `path`.
    ///
    /// # Errors
    /// When the file cannot be written or there is one already.
    pub async fn create(path: &Path, projection: P) -> Result<Self, sqlx::Error> {
        let db = database::create_unsafe(path, &projection, Epoch(uuid::Uuid::nil())).await?;
        Ok(Self { projection, db })
    }

    /// Applies events as one batch, in one transaction with the checkpoint, as the runtime does. No events: nothing.
    ///
    /// # Errors
    /// As [`Projection::apply`].
    pub async fn apply(&mut self, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        let Some(last) = events.last() else { return Ok(()) };
        apply_once(&mut self.db, &self.projection, events, last.recorded_at).await
    }

    /// The rows, to be asked with the queries of the read model.
    pub fn rows(&mut self) -> &mut AnyConnection {
        &mut self.db
    }

    /// The digest of the rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn digest(&mut self) -> Result<Digest, sqlx::Error> {
        digest::digest(&mut self.db, &self.projection).await
    }
}
