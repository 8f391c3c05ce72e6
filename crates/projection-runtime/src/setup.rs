//! What a runtime is started with, and what it finds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use event_codec::Codec;
use event_store::{Clock, Epoch, EventStore, Position};
use postgres_schema::Schema;

use crate::Projection;
use crate::follow::ClaimError;
use crate::lease::Lease;
use crate::postgres::catalogue::Catalogue;
use crate::shelf::{Opened, Shelf, ShelfError};
use crate::sqlite::folder::Folder;
use crate::worker::CATCH_UP;

/// What a runtime needs.
pub struct Setup {
    /// The data folder: read models go into its folder `views`, places of consumers into `consumers.db`, unless they are shared.
    pub data: PathBuf,
    /// What several instances share: read models and places of consumers go there instead.
    pub shared: Option<Shared>,
    /// The log.
    pub log: Arc<dyn EventStore>,
    /// Reads its records.
    pub codec: Codec,
    /// Tells the time.
    pub clock: Clock,
    /// The read models. Each has a name of its own.
    pub projections: Vec<Arc<dyn Projection>>,
}

/// Where several instances keep read models and the places of consumers.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The schema `gatehouse_views`, in which the steps [`crate::PLACES`] and [`crate::BUILDS`] have made the tables. Each build of a read
    /// model is a schema of its own in the same database.
    pub schema: Schema,
    /// Who keeps the read models: the one that holds it applies events and builds, the others read what it has written.
    pub lease: Lease,
}

/// Why a runtime cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder of read models cannot be made or looked into.
    #[error("the folder of read models cannot be used")]
    Folder(#[from] io::Error),
    /// The places of consumers, or a read model that is there, cannot be opened.
    #[error("a database of the projection runtime cannot be opened")]
    Database(#[from] sqlx::Error),
    /// Rows reflect events that a log in a database does not have: it has lost its end, with events that were acknowledged. Nothing is built
    /// anew as if they had never been.
    #[error(
        "the read model {name} reflects the log up to {position}, but the log ends at {head}: it has lost events that were acknowledged; \
        see how that came before anything else is written, and run `gatehouse restored` to go on with what is there"
    )]
    BeyondLog {
        /// Which read model.
        name: &'static str,
        /// The last event that it reflects.
        position: Position,
        /// The last event of the log.
        head: Position,
    },
    /// A consumer cannot begin.
    #[error(transparent)]
    Consumer(Box<dyn std::error::Error + Send + Sync>),
}

impl From<ClaimError> for StartError {
    fn from(error: ClaimError) -> Self {
        Self::Consumer(Box::new(error))
    }
}

impl From<ShelfError> for StartError {
    fn from(error: ShelfError) -> Self {
        match error {
            ShelfError::Folder(error) => Self::Folder(error),
            ShelfError::Database(error) => Self::Database(error),
            // Nothing is written yet that a fence could refuse.
            ShelfError::Lost => Self::Database(sqlx::Error::RowNotFound),
        }
    }
}

/// Where the read models lie.
pub(crate) fn shelf(data: &Path, shared: Option<&Shared>, epoch: Epoch) -> io::Result<Shelf> {
    match shared {
        Some(shared) => Ok(Shelf::Shared(Catalogue::of(shared.schema.clone(), epoch))),
        None => Ok(Shelf::Folder(Folder::at(data.join("views"))?)),
    }
}

/// What is there of each read model.
pub(crate) async fn open(
    projections: Vec<Arc<dyn Projection>>,
    shelf: &Shelf,
    log: &dyn EventStore,
) -> Result<Vec<(Arc<dyn Projection>, Opened)>, StartError> {
    let (epoch, mut heads) = (log.epoch(), log.head());
    let mut opened = Vec::with_capacity(projections.len());
    for projection in projections {
        // Where others write the log, rows beyond its end are no remains of this process: they are told of below, and not thrown away.
        let end = *heads.borrow_and_update();
        let head = if log.is_shared() { Position(u64::MAX) } else { end };
        let found = shelf.open(&*projection, epoch, head).await?;
        if let Some(position) = found.live.as_ref().or(found.older.as_ref()).map(|found| found.position) {
            // Another instance may have seen the newest events first.
            let reached = tokio::time::timeout(CATCH_UP, heads.wait_for(|head| *head >= position)).await;
            if !matches!(reached, Ok(Ok(_))) {
                return Err(StartError::BeyondLog { name: projection.name(), position, head: *log.head().borrow() });
            }
        }
        opened.push((projection, found));
    }
    Ok(opened)
}
