//! Builds a read model from the first event on, in a file beside the one that is read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::apply::{Failed, Stop, apply_batch};
use crate::database::Alone;
use crate::decode::chain;
use crate::feed::{Batch, Cursor, Feed, Halt};
use crate::meter::{Meter, Progress};
use crate::shelf::{Shelf, ViewFile};
use crate::{Projection, checkpoint, database};
use event_store::{Clock, Epoch, Position};

/// Events applied in one transaction while nobody reads.
const BATCH: usize = 5_000;

/// Pauses before the database is tried again.
const PAUSES: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(2)];

/// Why a read model could not be rebuilt. The one that is read is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There is no read model of this name.
    #[error("there is no read model {0}")]
    Unknown(String),
    /// It is being rebuilt already.
    #[error("the read model is being rebuilt already")]
    Underway,
    /// An event cannot be applied.
    #[error("the event at {position} cannot be applied: {reason}")]
    Unappliable {
        /// Which event.
        position: Position,
        /// Why not.
        reason: String,
    },
    /// The new database cannot be written.
    #[error("the new read model cannot be written")]
    Database(#[from] sqlx::Error),
    /// The folder of read models cannot be written.
    #[error("the folder of read models cannot be written")]
    Folder(#[from] io::Error),
    /// The runtime is shutting down.
    #[error("the service is stopping")]
    Stopping,
}

impl From<Stop> for RebuildError {
    fn from(stop: Stop) -> Self {
        Self::Unappliable { position: stop.position, reason: stop.reason }
    }
}

/// Applies a batch, again if the database failed. The event that cannot be applied, if there is one.
async fn apply_persistently(
    db: &mut rusqlite::Connection,
    projection: &dyn Projection,
    batch: &Batch,
    cursor: &Cursor,
    clock: &Clock,
) -> Result<Option<Stop>, sqlx::Error> {
    let mut pauses = PAUSES.into_iter();
    loop {
        match (apply_batch(db, projection, batch, cursor, clock).await, pauses.next()) {
            (Ok(()), _) => return Ok(None),
            (Err(Failed::Event(stop)), _) => return Ok(Some(stop)),
            (Err(Failed::Lost), _) => return Err(sqlx::Error::WorkerCrashed),
            (Err(Failed::Database(error)), Some(pause)) => {
                tracing::warn!(projection = projection.name(), error = %chain(&error), "a read model cannot be built: trying again");
                tokio::time::sleep(pause).await;
            }
            (Err(Failed::Database(error)), None) => return Err(error),
        }
    }
}

/// What a builder needs.
#[derive(Clone)]
pub(crate) struct Builder {
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) shelf: Shelf,
    pub(crate) feed: Arc<Feed>,
    pub(crate) epoch: Epoch,
    pub(crate) clock: Clock,
}

/// A read model that has been built and is not read yet.
pub(crate) struct Built {
    builder: Builder,
    db: Alone,
    pub(crate) cursor: Cursor,
    file: ViewFile,
    /// The event that it could not apply; it has everything before.
    failed: Option<Stop>,
}

impl Builder {
    /// Builds the read model up to the head of the log as it is when it gets there, or up to an event that cannot be applied. What it
    /// leaves behind when it fails is swept
    /// at the next start.
    pub(crate) async fn build(self, mut report: impl FnMut(Progress) + Send) -> Result<Built, RebuildError> {
        let meter = Meter::begin(self.projection.name());
        self.shelf.sweep(self.projection.name())?;
        let file = self.shelf.next(self.projection.name(), self.projection.version())?;
        let cursor = self.feed.cursor(Position::START);
        let db = database::create_alone(&file.building(), &*self.projection, self.epoch).await?;
        let mut built = Built { builder: self, db: Alone::new(db), cursor, file, failed: None };
        report(meter.progress(0, built.builder.feed.head().0));
        while built.failed.is_none() && built.cursor.position() < built.builder.feed.head() {
            built.advance(Position(u64::MAX)).await?;
            report(meter.progress(built.cursor.position().0, built.builder.feed.head().0));
        }
        Ok(built)
    }
}

impl Built {
    /// Applies what comes next, and nothing after `last`.
    async fn advance(&mut self, last: Position) -> Result<(), RebuildError> {
        let batch = match self.cursor.next(BATCH).await {
            Ok(batch) => Ok(batch.until(last)),
            Err(Halt::Stopping) => return Err(RebuildError::Stopping),
            Err(Halt::Unreadable(failure)) => Err(Stop { position: failure.position, reason: failure.reason }),
        };
        let (projection, cursor, clock) = (self.builder.projection.clone(), self.cursor.clone(), self.builder.clock.clone());
        let work = async move |db: &mut rusqlite::Connection| {
            let failed = match batch {
                Ok(batch) => apply_persistently(db, &*projection, &batch, &cursor, &clock).await?,
                Err(stop) => Some(stop),
            };
            if let Some(stop) = &failed {
                checkpoint::record_failure(db, stop.position, &stop.reason).await?;
            }
            Ok::<_, sqlx::Error>(failed)
        };
        self.failed = self.db.with(work).await??;
        Ok(())
    }

    /// The event that it could not apply, if there is one.
    pub(crate) fn failed(&self) -> Option<Stop> {
        self.failed.clone()
    }

    /// Refuses one that could not apply an event.
    pub(crate) fn complete(self) -> Result<Self, RebuildError> {
        match self.failed {
            Some(stop) => Err(stop.into()),
            None => Ok(self),
        }
    }

    /// Takes it at least to `position`, and puts it on disk under its name, ready to be read.
    pub(crate) async fn finish(mut self, position: Position) -> Result<(ViewFile, Cursor), RebuildError> {
        while self.cursor.position() < position {
            self.advance(position).await?;
            self = self.complete()?;
        }
        let path = self.file.building();
        let db = self.db.into_inner().ok_or(sqlx::Error::WorkerCrashed)?;
        tokio::task::spawn_blocking(move || database::make_safe(db, &path)).await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        self.builder.shelf.publish(&self.file)?;
        Ok((self.file, self.cursor))
    }
}
