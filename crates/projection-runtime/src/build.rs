//! Builds a read model from the first event on, beside the one that is read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use event_store::{Clock, Epoch, Position};

use crate::Projection;
use crate::apply::{Failed, Stop};
use crate::decode::chain;
use crate::feed::{Batch, Cursor, Feed, Halt};
use crate::lease::Fence;
use crate::meter::{Meter, Progress};
use crate::shelf::{Build, Shelf, ShelfError};
use crate::writer::Writer;

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
    /// Another instance holds the lease of read models: only that one can build them.
    #[error("another instance keeps the read models: ask the one that holds their lease")]
    Elsewhere,
    /// The runtime is shutting down.
    #[error("the service is stopping")]
    Stopping,
}

impl From<ShelfError> for RebuildError {
    fn from(error: ShelfError) -> Self {
        match error {
            ShelfError::Folder(error) => Self::Folder(error),
            ShelfError::Database(error) => Self::Database(error),
            ShelfError::Lost => Self::Elsewhere,
        }
    }
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
    fence: Fence,
    writer: Writer,
    pub(crate) cursor: Cursor,
    build: Build,
    /// The event that it could not apply; it has everything before.
    failed: Option<Stop>,
}

impl Builder {
    /// Builds the read model up to the head of the log as it is when it gets there, or up to an event that cannot be applied. What it
    /// leaves behind when it fails is swept at the next start, or by the next build.
    pub(crate) async fn build(self, fence: Fence, mut report: impl FnMut(Progress) + Send) -> Result<Built, RebuildError> {
        let meter = Meter::begin(self.projection.name());
        let cursor = self.feed.cursor(Position::START);
        let (build, writer) = self.shelf.create(&*self.projection, self.epoch, fence).await?;
        let mut built = Built { builder: self, fence, writer, cursor, build, failed: None };
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
            Ok(batch) => Ok(Arc::new(batch.until(last))),
            Err(Halt::Stopping) => return Err(RebuildError::Stopping),
            Err(Halt::Unreadable(failure)) => Err(Stop { position: failure.position, reason: failure.reason }),
        };
        self.failed = match batch {
            Ok(batch) => self.apply_persistently(&batch).await?,
            Err(stop) => Some(stop),
        };
        if let Some(stop) = &self.failed {
            self.writer.record_failure(stop).await?;
        }
        Ok(())
    }

    /// Applies a batch, again if the database failed. The event that cannot be applied, if there is one.
    async fn apply_persistently(&mut self, batch: &Arc<Batch>) -> Result<Option<Stop>, RebuildError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let Builder { projection, clock, .. } = &self.builder;
            match (self.writer.apply(projection, batch, &self.cursor, clock).await, pauses.next()) {
                (Ok(()), _) => return Ok(None),
                (Err(Failed::Event(stop)), _) => return Ok(Some(stop)),
                (Err(Failed::Lost), _) => return Err(RebuildError::Elsewhere),
                (Err(Failed::Database(error)), Some(pause)) => {
                    tracing::warn!(projection = projection.name(), error = %chain(&error), "a read model cannot be built: trying again");
                    tokio::time::sleep(pause).await;
                }
                (Err(Failed::Database(error)), None) => return Err(error.into()),
            }
        }
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

    /// Takes it at least to `position`, and makes it one that is found, ready to be read and to be kept up to date.
    pub(crate) async fn finish(mut self, position: Position) -> Result<(Build, Writer, Cursor), RebuildError> {
        while self.cursor.position() < position {
            self.advance(position).await?;
            self = self.complete()?;
        }
        let Builder { projection, shelf, .. } = &self.builder;
        let writer = shelf.publish(&self.build, self.writer, &**projection, self.fence).await?;
        Ok((self.build, writer, self.cursor))
    }
}
