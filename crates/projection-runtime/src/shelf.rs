//! Where read models lie, and what can be done with their builds there, whichever engine it is.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event_store::{Epoch, Position};

use crate::Projection;
use crate::apply::Failed;
use crate::lease::Fence;
use crate::postgres::catalogue::Catalogue;
use crate::readers::Readers;
use crate::sqlite::database;
use crate::sqlite::database::Alone;
use crate::sqlite::folder::{self, Folder};
use crate::writer::Writer;

/// A build of a read model: its rows, complete or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// Version of the projection.
    pub(crate) version: u32,
    /// Counts the builds of this read model.
    pub(crate) build: u32,
    /// Where it is.
    pub(crate) place: Place,
}

/// Where a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file, once it is complete.
    File(PathBuf),
    /// A schema, and its number in the catalogue.
    Shared { id: i64, schema: Arc<str> },
}

/// A complete build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) build: Build,
    pub(crate) position: Position,
}

/// What is there of a read model.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Rows of this version: they are gone on with.
    pub(crate) live: Option<Found>,
    /// Rows of another version: they are read until those of this version are there.
    pub(crate) older: Option<Found>,
}

/// Where read models lie. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Shelf {
    /// Files of this process alone.
    Folder(Folder),
    /// A database that several processes share.
    Shared(Catalogue),
}

/// Why the shelf did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShelfError {
    #[error("the folder of read models cannot be used")]
    Folder(#[from] io::Error),
    #[error("the database of read models cannot be used")]
    Database(#[from] sqlx::Error),
    /// A process with a greater fence keeps the read model now, or has.
    #[error("another instance keeps this read model now")]
    Lost,
}

impl From<Failed> for ShelfError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Database(error) => Self::Database(error),
            Failed::Lost => Self::Lost,
            // No events were applied.
            Failed::Event(stop) => Self::Database(sqlx::Error::Protocol(stop.reason)),
        }
    }
}

impl Shelf {
    /// Whether other processes have the same read models.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Shared(_) => true,
        }
    }

    /// The catalogue of what several processes share.
    pub(crate) fn catalogue(&self) -> Option<&Catalogue> {
        match self {
            Self::Folder(_) => None,
            Self::Shared(catalogue) => Some(catalogue),
        }
    }

    /// What there is of a read model. What is no use is thrown away where nobody else can have it: unfinished builds, rows of another
    /// history or beyond the end of the log, files that cannot be opened. All of it can be built again.
    pub(crate) async fn open(&self, projection: &dyn Projection, epoch: Epoch, head: Position) -> Result<Opened, ShelfError> {
        match self {
            Self::Folder(folder) => Ok(folder::open(projection, folder, epoch, head)?),
            Self::Shared(catalogue) => Ok(catalogue.open(projection).await?),
        }
    }

    /// What reads this build.
    pub(crate) fn readers(&self, build: &Build) -> Readers {
        match (self, &build.place) {
            (Self::Shared(catalogue), Place::Shared { id, schema }) => Readers::Shared(catalogue.readers(*id, schema)),
            (Self::Folder(_), _) | (_, Place::File(_)) => Readers::File(crate::sqlite::readers::Readers::of(path(build))),
        }
    }

    /// Takes over a complete build, to write it, and how far it has come.
    pub(crate) async fn write(&self, build: &Build, fence: Fence) -> Result<(Writer, Position), ShelfError> {
        match (self, &build.place) {
            (Self::Shared(catalogue), Place::Shared { id, schema }) => {
                let writer = catalogue.write(*id, schema, fence).await?;
                let position = writer.position();
                Ok((Writer::Postgres(writer), position))
            }
            (Self::Folder(_), _) | (_, Place::File(_)) => {
                let (db, position) = Alone::open(path(build)).await?;
                Ok((Writer::Sqlite(db), position))
            }
        }
    }

    /// A new build that is not complete yet.
    pub(crate) async fn create(&self, projection: &dyn Projection, epoch: Epoch, fence: Fence) -> Result<(Build, Writer), ShelfError> {
        match self {
            Self::Folder(folder) => {
                folder.sweep(projection.name())?;
                let build = folder.next(projection.name(), projection.version())?;
                let db = database::create_alone(&folder::building(path(&build)), projection, epoch).await?;
                Ok((build, Writer::Sqlite(Alone::new(db))))
            }
            Self::Shared(catalogue) => {
                catalogue.sweep(projection, fence, true).await?;
                let (build, writer) = catalogue.create(projection, fence).await?;
                Ok((build, Writer::Postgres(writer)))
            }
        }
    }

    /// Makes a build that is complete one that is found, and read while it is written.
    pub(crate) async fn publish(
        &self,
        build: &Build,
        writer: Writer,
        projection: &dyn Projection,
        fence: Fence,
    ) -> Result<Writer, ShelfError> {
        match (self, writer, &build.place) {
            (Self::Shared(catalogue), Writer::Postgres(mut writer), Place::Shared { id, .. }) => {
                writer.settle(projection.tables()).await?;
                catalogue.publish(*id, fence).await?;
                Ok(Writer::Postgres(writer))
            }
            (Self::Folder(folder), Writer::Sqlite(db), Place::File(path)) => {
                db.make_safe(&folder::building(path)).await?;
                folder.publish(path)?;
                Ok(Writer::Sqlite(Alone::open(path).await?.0))
            }
            (Self::Shared(_) | Self::Folder(_), _, _) => Err(ShelfError::Lost),
        }
    }

    /// Deletes what is of no use any more: this build, and where others may use builds, all that nobody uses.
    pub(crate) async fn discard(&self, build: &Build, projection: &dyn Projection, fence: Fence) -> Result<(), ShelfError> {
        match self {
            Self::Folder(_) => Ok(folder::delete(path(build))?),
            Self::Shared(_) => self.sweep(projection, fence).await,
        }
    }

    /// Deletes what nobody uses any more of what was replaced.
    pub(crate) async fn sweep(&self, projection: &dyn Projection, fence: Fence) -> Result<(), ShelfError> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Shared(catalogue) => Ok(catalogue.sweep(projection, fence, false).await?),
        }
    }

    /// Lets go of what is open.
    pub(crate) async fn close(&self) {
        match self {
            Self::Folder(_) => {}
            Self::Shared(catalogue) => catalogue.close().await,
        }
    }
}

/// The file of a build.
fn path(build: &Build) -> &Path {
    match &build.place {
        Place::File(path) => path,
        // Nobody opens it as one.
        Place::Shared { schema, .. } => Path::new(&**schema),
    }
}
