//! New rows are built beside the old, and take their place.

use std::sync::Arc;

use event_store::Position;
use tokio_util::sync::CancellationToken;

use super::Rebuilt;
use super::keep::{Keeper, Live};
use crate::Projection;
use crate::apply::Stop;
use crate::board::Shown;
use crate::build::{Built, RebuildError};
use crate::compare::Both;
use crate::decode::chain;
use crate::lease::Fence;
use crate::readers::Readers;
use crate::shelf::{Build, Found, Shelf};
use crate::writer::Writer;

impl Keeper<'_> {
    /// Begins to build, unless it is being built.
    pub(super) fn build(&mut self) {
        let board = self.worker.board.clone();
        let build = self.worker.builder.clone().build(self.fence, move |progress| board.building(Some(progress)));
        self.building = Some(self.worker.tasks.spawn(build));
    }

    /// A build has ended.
    pub(super) async fn built(&mut self, result: Result<Built, RebuildError>) {
        self.building = None;
        self.worker.board.building(None);
        let installed = match result {
            Ok(built) => self.install_or_stop(built).await,
            Err(error) => Err(error),
        };
        if let (Err(error), None) = (&installed, &self.live) {
            match error {
                RebuildError::Stopping => {}
                RebuildError::Unappliable { position, reason } => self.halt(Stop { position: *position, reason: reason.clone() }).await,
                // Until there is room for it, say.
                RebuildError::Unknown(_)
                | RebuildError::Underway
                | RebuildError::Database(_)
                | RebuildError::Folder(_)
                | RebuildError::Elsewhere => self.wait(error),
            }
        }
        if let Some(order) = self.ordered.take() {
            let (projection, stop) = (self.worker.projection(), self.worker.stop.clone());
            // Meanwhile the new rows are read and kept.
            self.worker.tasks.spawn(async move {
                let answer = match installed {
                    Ok((rebuilt, Some(both))) => Ok(Rebuilt { compared: both.compare(projection, &stop).await, ..rebuilt }),
                    Ok((rebuilt, None)) => Ok(rebuilt),
                    Err(error) => Err(error),
                };
                // Who asked may have gone.
                drop(order.send(answer));
            });
        }
    }

    /// What came to an event that it cannot apply is good for nothing but to answer up to there, where nothing else answers.
    async fn install_or_stop(&mut self, built: Built) -> Result<(Rebuilt, Option<Both>), RebuildError> {
        match built.failed() {
            Some(stop) if self.live.is_none() && self.older.is_none() => {
                let installed = self.install(built).await;
                self.halt(stop).await;
                installed
            }
            Some(_) | None => self.install(built.complete()?).await,
        }
    }

    /// Puts new rows in the place of the old, once they have come as far.
    async fn install(&mut self, built: Built) -> Result<(Rebuilt, Option<Both>), RebuildError> {
        if self.ordered.is_some() {
            self.catch_up(built.cursor.position()).await;
        }
        let position = self.live.as_ref().map_or(Position::START, |live| live.found.position);
        let (build, writer, cursor) = built.finish(position).await?;
        let position = cursor.position();
        let shown = Shown { readers: self.worker.builder.shelf.readers(&build), version: build.version };
        let same = self.worker.board.shown().filter(|live| self.ordered.is_some() && live.version == shown.version);
        let both = async { Both::at(position, &same?.readers, &shown.readers).await }.await;
        let found = Found { build: build.clone(), position };
        let before = self.live.replace(Live { writer: Some(writer), found, cursor: Some(cursor) });
        let older = self.older.take().map(|found| (None, found.build));
        let before = before.map(|live| (live.writer, live.found.build)).or(older);
        (self.again, self.paused) = (None, None);
        let worker = &mut *self.worker;
        worker.board.go_on();
        worker.shown = Some(build);
        let readers = worker.board.show(shown, position);
        if let Some((writer, build)) = before {
            let old =
                Old { readers, writer, build, shelf: worker.builder.shelf.clone(), projection: worker.projection(), fence: self.fence };
            worker.tasks.spawn(old.retire(worker.stop.clone()));
        }
        tracing::info!(projection = self.name(), position = position.0, "a read model has been built");
        Ok((Rebuilt { name: self.name(), position, compared: None }, both))
    }

    /// Takes the live rows as far as the new ones, so that they can be compared. They are read meanwhile.
    async fn catch_up(&mut self, to: Position) {
        while let Some(Live { found, cursor: Some(cursor), .. }) = &self.live
            && found.position < to
            && self.again.is_none()
        {
            let Ok(batch) = cursor.next(super::keep::BATCH).await else { return };
            self.apply(batch.until(to)).await;
        }
    }
}

/// Rows that were replaced.
struct Old {
    readers: Option<Readers>,
    writer: Option<Writer>,
    build: Build,
    shelf: Shelf,
    projection: Arc<dyn Projection>,
    fence: Fence,
}

impl Old {
    /// Deletes them when the last reader has gone; otherwise the next start does.
    async fn retire(self, stop: CancellationToken) {
        if let Some(readers) = self.readers {
            tokio::select! {
                () = readers.close() => {}
                () = stop.cancelled() => return,
            }
        }
        // Closes it.
        drop(self.writer);
        if let Err(error) = self.shelf.discard(&self.build, &*self.projection, self.fence).await {
            let (name, place) = (self.projection.name(), &self.build.place);
            tracing::warn!(projection = name, ?place, error = %chain(&error), "an old read model cannot be deleted; the next start tries again");
        }
    }
}
