//! Rebuilds read models while no service runs, all from one pass over the log.

use std::path::Path;
use std::sync::Arc;

use event_codec::Codec;
use event_store::{Clock, EventStore, Position};
use futures_util::future::try_join_all;
use parking_lot::Mutex;
use sqlx::Connection;
use tokio_util::sync::CancellationToken;

use crate::build::{Builder, RebuildError};
use crate::feed::Feed;
use crate::meter::Progress;
use crate::shelf::Shelf;
use crate::{Projection, Rebuilt, opened};

/// Builds read models anew, in files beside those that are there, and puts them in their place when all of the log is in them.
/// Each event is decoded once for all of them. An empty log ends at once. Interrupted, it leaves what is there as it was.
///
/// Nothing else may have the data folder open. `progress` is told of each step of each read model.
///
/// # Errors
/// [`RebuildError`]; the read models that were not finished are then as they were.
pub async fn rebuild(
    data: &Path,
    log: Arc<dyn EventStore>,
    codec: Codec,
    clock: Clock,
    projections: &[Arc<dyn Projection>],
    progress: impl FnMut(Progress) + Send,
) -> Result<Vec<Rebuilt>, RebuildError> {
    let shelf = Shelf::at(data.join("views"))?;
    let (epoch, head) = (log.epoch(), *log.head().borrow());
    let stop = CancellationToken::new();
    // The reader ends with this function, however that ends.
    let guard = stop.clone().drop_guard();
    let feed = Feed::new(log, codec, Position::START, stop);
    let progress = Mutex::new(progress);
    let builds = projections.iter().map(|projection| {
        let builder = Builder { projection: projection.clone(), shelf: shelf.clone(), feed: feed.clone(), epoch, clock: clock.clone() };
        let progress = &progress;
        async move {
            let built = builder.build(|step| (*progress.lock())(step)).await?;
            let (file, cursor) = built.complete()?.finish(Position::START).await?;
            drop(file);
            Ok::<_, RebuildError>(Rebuilt { name: projection.name(), position: cursor.position() })
        }
    });
    let builds = try_join_all(builds);
    let reader = tokio::spawn(feed.clone().run());
    let rebuilt = builds.await?;
    drop(guard);
    // It was told to stop.
    drop(reader.await);
    for projection in projections {
        // Opening keeps the newest file and deletes those before it.
        if let Some(found) = opened::open(&**projection, &shelf, epoch, head).await?.live {
            found.db.close().await?;
        }
    }
    Ok(rebuilt)
}
