//! What writes a build, whichever engine it is.

use std::sync::Arc;

use event_store::Clock;

use crate::Projection;
use crate::apply::{Failed, Stop, apply_batch};
use crate::checkpoint;
use crate::decode::chain;
use crate::feed::{Batch, Cursor};
use crate::postgres;
use crate::sqlite::database::{self, Alone};

/// The one connection that writes a build.
pub(crate) enum Writer {
    Sqlite(Alone),
    Postgres(postgres::writer::Writer),
}

impl Writer {
    /// Applies a batch and advances the cursor. If one of its events cannot be applied, those before it are applied.
    pub(crate) async fn apply(
        &mut self,
        projection: &Arc<dyn Projection>,
        batch: &Arc<Batch>,
        cursor: &Cursor,
        clock: &Clock,
    ) -> Result<(), Failed> {
        match self {
            Self::Sqlite(db) => {
                let (projection, batch, cursor, clock) = (projection.clone(), batch.clone(), cursor.clone(), clock.clone());
                let work = async move |db: &mut rusqlite::Connection| apply_batch(db, &*projection, &batch, &cursor, &clock).await;
                db.with(work).await.unwrap_or_else(|error| Err(Failed::Database(error)))
            }
            Self::Postgres(db) => apply_batch(db, &**projection, batch, cursor, clock).await,
        }
    }

    /// Keeps for whoever looks which event could not be applied.
    pub(crate) async fn record_failure(&mut self, stop: &Stop) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(db) => {
                let Stop { position, reason } = stop.clone();
                let work = async move |db: &mut rusqlite::Connection| checkpoint::record_failure(db, position, &reason).await;
                db.with(work).await.flatten()
            }
            Self::Postgres(db) => db.record_failure(stop).await,
        }
    }

    /// The rows of a person who was forgotten are gone from the tables; here they go from what else a file keeps. False: not yet.
    pub(crate) async fn purge(&mut self) -> Result<bool, sqlx::Error> {
        match self {
            Self::Sqlite(db) => db.with(async |db: &mut rusqlite::Connection| database::truncate_wal(db)).await.flatten(),
            // The server reuses the room of rows that were changed when it sees fit, and its own log goes with its retention.
            Self::Postgres(_) => Ok(true),
        }
    }

    /// Says goodbye. That it fails changes nothing.
    pub(crate) async fn close(self, name: &'static str) {
        let closed = match self {
            Self::Sqlite(db) => db.close(),
            Self::Postgres(db) => db.close().await,
        };
        if let Err(error) = closed {
            tracing::warn!(projection = name, error = %chain(&error), "a read model cannot be closed; it will be looked at when it is opened");
        }
    }
}
