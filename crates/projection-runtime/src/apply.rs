//! Applies batches: rows and checkpoint in one transaction. Who calls tries again if the database failed, not if the event is the
//! trouble.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use event_codec::Envelope;
use event_store::{Clock, Position};
use futures_util::FutureExt;
use jiff::Timestamp;

use crate::feed::{Batch, Cursor};
use crate::sql::Database;
use crate::{Projection, ProjectionError, checkpoint};

/// Why a read model goes no further: which event, and what about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) position: Position,
    pub(crate) reason: String,
}

/// Why a batch, or a part of it, was not applied.
#[derive(Debug)]
pub(crate) enum Failed {
    /// An event cannot be applied; all before it is.
    Event(Stop),
    /// The database failed. Nothing of the batch is applied.
    Database(sqlx::Error),
    /// Another process keeps these rows now, or has. Nothing of the batch is applied.
    #[allow(dead_code, reason = "on PostgreSQL")]
    Lost,
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A database whose rows change in one transaction with how far they have come.
pub(crate) trait Transact: Database {
    /// Begins a transaction.
    async fn begin(&mut self) -> Result<(), Failed>;

    /// Ends it: the rows reflect the log up to here.
    async fn commit(&mut self, position: Position, now: Timestamp) -> Result<(), sqlx::Error>;

    /// Undoes it. After some failures the database has done so by itself.
    async fn roll_back(&mut self);
}

impl Transact for rusqlite::Connection {
    async fn begin(&mut self) -> Result<(), Failed> {
        self.tables().run("BEGIN", Vec::new()).await?;
        Ok(())
    }

    async fn commit(&mut self, position: Position, now: Timestamp) -> Result<(), sqlx::Error> {
        checkpoint::advance(self, position, now).await?;
        self.tables().run("COMMIT", Vec::new()).await?;
        Ok(())
    }

    async fn roll_back(&mut self) {
        drop(self.tables().run("ROLLBACK", Vec::new()).await);
    }
}

/// Applies a batch and advances the cursor. If one of its events cannot be applied, those before it are applied.
pub(crate) async fn apply_batch(
    db: &mut impl Transact,
    projection: &dyn Projection,
    batch: &Batch,
    cursor: &Cursor,
    clock: &Clock,
) -> Result<(), Failed> {
    let mut events = batch.events.as_slice();
    let mut stop = None;
    while let Some(last) = events.last() {
        let failed = match apply_once(db, projection, events, clock()).await {
            Ok(()) => {
                cursor.advance(last.position);
                break;
            }
            Err(Failed::Event(stop)) => stop,
            Err(error @ (Failed::Database(_) | Failed::Lost)) => return Err(error),
        };
        // Never more than before, even if a projection names an event that it was not given.
        let before = events.iter().take_while(|event| event.position < failed.position).count().min(events.len() - 1);
        events = events.get(..before).unwrap_or_default();
        stop = Some(failed);
    }
    stop.map_or(Ok(()), |stop| Err(Failed::Event(stop)))
}

/// Applies events and moves the checkpoint, both or none. A panic of the projection counts as an event that it cannot apply.
pub(crate) async fn apply_once(
    db: &mut impl Transact,
    projection: &dyn Projection,
    events: &[Arc<Envelope>],
    now: Timestamp,
) -> Result<(), Failed> {
    let Some((first, last)) = events.first().zip(events.last()) else { return Ok(()) };
    let applied = match db.begin().await {
        Ok(()) => AssertUnwindSafe(projection.apply(&mut db.tables(), events)).catch_unwind().await,
        Err(error) => {
            db.roll_back().await;
            return Err(error);
        }
    };
    let kept = match applied {
        Ok(Ok(())) => db.commit(last.position, now).await.map_err(Failed::Database),
        Ok(Err(ProjectionError::Database(error))) => Err(Failed::Database(error)),
        Ok(Err(ProjectionError::Unappliable { position, reason })) => Err(Failed::Event(Stop { position, reason })),
        Err(_panic) => {
            let reason = "the projection panicked at this event or one soon after; the panic is in the log of the process".to_owned();
            Err(Failed::Event(Stop { position: first.position, reason }))
        }
    };
    if kept.is_err() {
        db.roll_back().await;
    }
    kept
}
