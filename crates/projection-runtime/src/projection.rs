//! What a read model provides.

use std::sync::Arc;

use async_trait::async_trait;
use event_codec::Envelope;
use event_store::Position;

use crate::Tables;

/// Why a batch could not be applied. The transaction is rolled back, and the projection stops at the event before.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database refused or failed; trying again may succeed, and is tried a few times first.
    #[error("the read model cannot be written")]
    Database(#[from] sqlx::Error),
    /// This event cannot be applied: a defect of the projection, or an event that it should know and does not.
    #[error("the event at {position} cannot be applied: {reason}")]
    Unappliable {
        /// Which event.
        position: Position,
        /// Why not.
        reason: String,
    },
}

/// A read model: what it is called, which tables it has, and how events change them.
///
/// Its tables lie in a database of their own for each version, so statements name tables without a prefix. SQL is portable
/// between SQLite and PostgreSQL: `$1` parameters, `ON CONFLICT`, integer microseconds, ids as text (architecture, rule 13).
#[async_trait]
pub trait Projection: Send + Sync + 'static {
    /// Such as `review-queue`: names its database, its metrics and its `gatehouse rebuild`.
    fn name(&self) -> &'static str;

    /// Goes up whenever tables or the meaning of rows change: a new version is built beside the live one.
    fn version(&self) -> u32;

    /// The statements that create its tables and indexes in an empty database, one each.
    fn schema(&self) -> &'static [&'static str];

    /// The tables that hold its rows, each with the columns that order them: what the digest covers.
    fn tables(&self) -> &'static [(&'static str, &'static str)];

    /// Applies events, in order, inside a transaction that the caller commits with the checkpoint. Never called twice for
    /// one event in one database. Should fold the batch in memory and write each changed row once, many rows to a statement.
    ///
    /// # Errors
    /// [`ProjectionError`]; nothing of the batch is kept then.
    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError>;
}
