//! The life of one read model in a running service: kept up to date by whoever holds the lease, read by everybody.

mod install;
mod keep;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use event_store::Position;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::board::{Board, Shown};
use crate::build::{Builder, RebuildError};
use crate::compare::Compared;
use crate::lease::Lease;
use crate::postgres::catalogue::Entry;
use crate::postgres::watch::News;
use crate::readers::Readers;
use crate::shelf::{Build, Found, Opened};
pub(crate) use keep::CATCH_UP;
use keep::{End, Keeper};

/// How long readers may keep a stopping service from closing a read model.
const LAST_READERS: Duration = Duration::from_secs(3);

/// A read model that was rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Which one.
    pub name: &'static str,
    /// How far the new rows had come when they took the place of the old.
    pub position: Position,
    /// The rows before and after; none if there were none of the same version to compare with that had come as far.
    pub compared: Option<Compared>,
}

/// Asks a worker to rebuild its read model.
pub(crate) type Order = oneshot::Sender<Result<Rebuilt, RebuildError>>;

/// What others tell of the read models that several instances share.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) news: watch::Receiver<Option<News>>,
    /// Which of them is meant.
    pub(crate) index: usize,
}

impl Told {
    /// What is new of this read model: the build that answers, if there is one, or why that is not known. None: nothing any more.
    async fn hear(&mut self) -> Option<Result<Option<Entry>, Arc<str>>> {
        loop {
            self.news.changed().await.ok()?;
            let news = self.news.borrow_and_update().clone();
            if let Some(news) = news {
                return Some(news.map(|all| all.get(self.index).cloned().flatten()));
            }
        }
    }
}

/// One read model.
pub(crate) struct Worker {
    builder: Builder,
    board: Arc<Board>,
    orders: mpsc::Receiver<Order>,
    lease: Lease,
    told: Option<Told>,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// The build that is read.
    shown: Option<Build>,
    /// What was there at start.
    opened: Opened,
}

impl Worker {
    /// Shows what is there already: reads are answered before [`Worker::run`].
    pub(crate) fn new(
        builder: Builder,
        board: Arc<Board>,
        orders: mpsc::Receiver<Order>,
        (lease, told): (Lease, Option<Told>),
        (stop, tasks): (CancellationToken, TaskTracker),
        opened: Opened,
    ) -> Self {
        let mut worker = Self { builder, board, orders, lease, told, stop, tasks, shown: None, opened: Opened::default() };
        if let Some(found) = opened.live.as_ref().or(opened.older.as_ref()) {
            // Nothing was shown before.
            drop(worker.show(found));
        }
        worker.opened = opened;
        worker
    }

    fn name(&self) -> &'static str {
        self.builder.projection.name()
    }

    /// This build is read from now on. What read the one before.
    fn show(&mut self, Found { build, position }: &Found) -> Option<Readers> {
        self.shown = Some(build.clone());
        let shown = Shown { readers: self.builder.shelf.readers(build), version: build.version };
        self.board.show(shown, *position)
    }

    /// Works until the runtime stops.
    pub(crate) async fn run(mut self) {
        while let Some(fence) = self.follow().await {
            let keeper = Keeper::new(&mut self, fence);
            match keeper.run().await {
                End::Stopping => break,
                End::Lost => tracing::info!(projection = self.name(), "another instance may keep a read model now: it is only read here"),
            }
        }
        if let Some(readers) = self.board.hide() {
            // A view that somebody holds on to must not keep the service from stopping.
            drop(tokio::time::timeout(LAST_READERS, readers.close()).await);
        }
    }
}
