//! Builds a read model from the first event on, in a file beside the one that is read.

use std::io;
use std::sync::Arc;

use event_store::{Clock, Epoch, Position};
use sqlx::AnyConnection;

use crate::apply::{Stop, apply_batch};
use crate::feed::{Cursor, Feed, Halt};
use crate::meter::{Meter, Progress};
use crate::shelf::{Shelf, ViewFile};
use crate::{Projection, checkpoint, database};

/// Events applied in one transaction while nobody reads.
const BATCH: usize = 5_000;

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
    db: AnyConnection,
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
        let db = database::create_unsafe(&file.building(), &*self.projection, self.epoch).await?;
        let mut built = Built { builder: self, db, cursor, file, failed: None };
        report(meter.progress(0, built.builder.feed.head().0));
        while built.failed.is_none() && built.cursor.position() < built.builder.feed.head() {
            built.advance().await?;
            report(meter.progress(built.cursor.position().0, built.builder.feed.head().0));
        }
        Ok(built)
    }
}

impl Built {
    async fn advance(&mut self) -> Result<(), RebuildError> {
        let stop = match self.cursor.next(BATCH).await {
            Ok(batch) => apply_batch(&mut self.db, &*self.builder.projection, &batch, &self.cursor, &self.builder.clock).await.err(),
            Err(Halt::Stopping) => return Err(RebuildError::Stopping),
            Err(Halt::Unreadable(failure)) => Some(Stop { position: failure.position, reason: failure.reason }),
        };
        if let Some(stop) = &stop {
            checkpoint::record_failure(&mut self.db, stop.position, &stop.reason).await?;
        }
        self.failed = stop;
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
            self.advance().await?;
            self = self.complete()?;
        }
        database::make_safe(self.db, &self.file.building()).await?;
        self.builder.shelf.publish(&self.file)?;
        Ok((self.file, self.cursor))
    }
}
