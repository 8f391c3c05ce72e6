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
}

/// Applies a batch and advances the cursor. If one of its events cannot be applied, those before it are applied.
pub(crate) async fn apply_batch(
    db: &mut impl Database,
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
            Err(ProjectionError::Unappliable { position, reason }) => Stop { position, reason },
            Err(ProjectionError::Database(error)) => return Err(Failed::Database(error)),
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
    db: &mut impl Database,
    projection: &dyn Projection,
    events: &[Arc<Envelope>],
    now: Timestamp,
) -> Result<(), ProjectionError> {
    let Some((first, last)) = events.first().zip(events.last()) else { return Ok(()) };
    db.tables().run("BEGIN", Vec::new()).await?;
    let applied = AssertUnwindSafe(projection.apply(&mut db.tables(), events)).catch_unwind().await;
    let applied = applied.unwrap_or_else(|_| {
        let reason = "the projection panicked at this event or one soon after; the panic is in the log of the process".to_owned();
        Err(ProjectionError::Unappliable { position: first.position, reason })
    });
    let kept = match applied {
        Ok(()) => commit(db, last.position, now).await.map_err(ProjectionError::Database),
        Err(error) => Err(error),
    };
    if kept.is_err() {
        // After some failures the database has done so by itself, and says so.
        drop(db.tables().run("ROLLBACK", Vec::new()).await);
    }
    kept
}

async fn commit(db: &mut impl Database, position: Position, now: Timestamp) -> Result<(), sqlx::Error> {
    checkpoint::advance(db, position, now).await?;
    db.tables().run("COMMIT", Vec::new()).await?;
    Ok(())
}
