//! Rebuilds read models while no service runs, all from one pass over the log.

use std::path::Path;
use std::sync::Arc;

use event_codec::Codec;
use event_store::{Clock, EventStore, Position};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::build::{Builder, RebuildError};
use crate::feed::Feed;
use crate::lease::Fence;
use crate::meter::Progress;
use crate::setup::{self, Shared};
use crate::{Projection, Rebuilt};

/// Builds read models anew, beside those that are there, and puts them in their place when all of the log is in them.
/// Each event is decoded once for all of them, which are built side by side. An empty log ends at once. Interrupted, it leaves what
/// is there as it was.
///
/// Nothing else may have the data folder open. Where the read models are `shared`, their lease must be held; other instances read on, and
/// go over to the new ones. `progress` is told of each step of each read model.
///
/// # Errors
/// [`RebuildError`]; the read models that were not finished are then as they were.
pub async fn rebuild(
    data: &Path,
    shared: Option<Shared>,
    log: Arc<dyn EventStore>,
    codec: Codec,
    clock: Clock,
    projections: &[Arc<dyn Projection>],
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Vec<Rebuilt>, RebuildError> {
    let (epoch, head) = (log.epoch(), *log.head().borrow());
    let fence = shared.as_ref().map_or(Some(Fence(0)), |shared| shared.lease.held()).ok_or(RebuildError::Elsewhere)?;
    let shelf = setup::shelf(data, shared.as_ref(), epoch)?;
    let stop = CancellationToken::new();
    // The reader and the builders end with this function, however that ends.
    let guard = stop.clone().drop_guard();
    let feed = Feed::new(log, codec, Position::START, stop);
    let (steps, mut stepped) = mpsc::unbounded_channel();
    let mut builds = JoinSet::new();
    for projection in projections {
        let builder = Builder { projection: projection.clone(), shelf: shelf.clone(), feed: feed.clone(), epoch, clock: clock.clone() };
        builds.spawn(build(builder, fence, steps.clone()));
    }
    drop(steps);
    let reader = tokio::spawn(feed.clone().run());
    // Ends when the last builder has.
    while let Some(step) = stepped.recv().await {
        progress(step);
    }
    let mut rebuilt = Vec::with_capacity(projections.len());
    while let Some(built) = builds.join_next().await {
        rebuilt.push(built.unwrap_or_else(|error| Err(RebuildError::Folder(std::io::Error::other(error))))?);
    }
    drop(guard);
    // It was told to stop.
    drop(reader.await);
    for projection in projections {
        // Opening keeps the newest file and deletes those before it.
        shelf.open(&**projection, epoch, head).await?;
        shelf.sweep(&**projection, fence).await?;
    }
    shelf.close().await;
    Ok(rebuilt)
}

async fn build(builder: Builder, fence: Fence, steps: mpsc::UnboundedSender<Progress>) -> Result<Rebuilt, RebuildError> {
    let name = builder.projection.name();
    // Nobody counting the steps is no reason not to take them.
    let built = builder.build(fence, move |step| drop(steps.send(step))).await?;
    let (_, writer, cursor) = built.complete()?.finish(Position::START).await?;
    writer.close(name).await;
    Ok(Rebuilt { name, position: cursor.position(), compared: None })
}
