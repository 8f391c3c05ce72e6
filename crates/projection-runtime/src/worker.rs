//! The life of one read model in a running service: opened or built, kept up to date, rebuilt when asked, stopped when it must.

use std::sync::Arc;
use std::time::Duration;

use event_codec::Envelope;
use event_store::Position;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::apply::{Failed, Stop, apply_batch};
use crate::board::{Board, Shown};
use crate::build::{Builder, Built, RebuildError};
use crate::compare::{Both, Compared};
use crate::database::Alone;
use crate::decode::chain;
use crate::feed::{Batch, Cursor, Halt};
use crate::opened::{Found, Opened};
use crate::readers::Readers;
use crate::shelf::ViewFile;
use crate::wanted::rest;
use crate::{checkpoint, database};

/// Events applied in one transaction while others read.
const BATCH: usize = 1_000;

/// How long a read model that has just taken some events rests before it takes more, so that under load many share a transaction.
const PACE: Duration = Duration::from_millis(25);

/// How long until the WAL is truncated again when a reader was in the way.
const PURGE_AGAIN: Duration = Duration::from_millis(200);

/// Pauses before a database that failed is tried again: the first, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

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

/// Keeps one read model.
pub(crate) struct Worker {
    builder: Builder,
    board: Arc<Board>,
    orders: mpsc::Receiver<Order>,
    stop: CancellationToken,
    tasks: TaskTracker,
    live: Option<Live>,
    /// Rows of another version that answer meanwhile.
    older: Option<Found>,
    building: Option<JoinHandle<Result<Built, RebuildError>>>,
    ordered: Option<Order>,
    must_purge: bool,
    /// It rests until then, unless somebody waits for its rows.
    rests_until: Instant,
    /// Its database failed and is tried again then.
    again: Option<Instant>,
    /// How long it paused before it tried again the last time; none since something was written.
    paused: Option<Duration>,
    wanted: watch::Receiver<Position>,
}

/// The rows that are kept up to date.
struct Live {
    db: Alone,
    file: ViewFile,
    position: Position,
    /// None: they go no further.
    cursor: Option<Cursor>,
}

enum Turn {
    End,
    Order(Order),
    Built(Box<Result<Built, RebuildError>>),
    Events(Result<Batch, Halt>),
    Again,
    Purge,
}

impl Worker {
    pub(crate) fn new(
        builder: Builder,
        board: Arc<Board>,
        orders: mpsc::Receiver<Order>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let (rests_until, wanted) = (Instant::now(), board.wanted());
        Self {
            builder,
            board,
            orders,
            stop,
            tasks,
            live: None,
            older: None,
            building: None,
            ordered: None,
            must_purge: false,
            rests_until,
            again: None,
            paused: None,
            wanted,
        }
    }

    fn name(&self) -> &'static str {
        self.builder.projection.name()
    }

    /// Shows what is there already. Before [`Worker::run`], so that reads are answered as soon as the runtime has started.
    pub(crate) fn show(&mut self, opened: Opened) -> Result<(), sqlx::Error> {
        if let Some(Found { db, file, position }) = opened.live {
            let shown = Shown { readers: Readers::of(&file.path), version: file.version };
            let cursor = Some(self.builder.feed.cursor(position));
            self.live = Some(Live { db: Alone::new(db), file, position, cursor });
            self.board.show(shown, position);
        } else if let Some(older) = opened.older {
            let shown = Shown { readers: Readers::of(&older.file.path), version: older.file.version };
            self.board.show(shown, older.position);
            self.older = Some(older);
        }
        Ok(())
    }

    /// Works until the runtime stops.
    pub(crate) async fn run(mut self) {
        if self.live.is_none() {
            self.build();
        }
        loop {
            match self.turn().await {
                Turn::End => break,
                Turn::Order(order) if self.building.is_some() => drop(order.send(Err(RebuildError::Underway))),
                Turn::Order(order) => {
                    self.ordered = Some(order);
                    self.build();
                }
                Turn::Built(result) => self.built(*result).await,
                Turn::Events(Ok(batch)) => self.apply(batch).await,
                Turn::Events(Err(Halt::Stopping)) => break,
                Turn::Events(Err(Halt::Unreadable(failure))) => {
                    self.halt(Stop { position: failure.position, reason: failure.reason }).await;
                }
                Turn::Again => self.again().await,
                Turn::Purge => self.purge().await,
            }
        }
        self.close().await;
    }

    async fn turn(&mut self) -> Turn {
        let building = self.building.as_mut();
        // Nothing is applied while the database is left alone.
        let cursor = self.live.as_ref().and_then(|live| live.cursor.as_ref()).filter(|_| self.again.is_none());
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Turn::End,
            Some(order) = self.orders.recv() => Turn::Order(order),
            Some(built) = async { Some(building?.await) } => Turn::Built(Box::new(built.unwrap_or_else(|error| Err(ended_early(&error))))),
            Some(events) = async {
                let cursor = cursor?;
                rest(self.rests_until, &mut self.wanted, cursor.position()).await;
                Some(cursor.next(BATCH).await)
            } => Turn::Events(events),
            () = tokio::time::sleep_until(self.again.unwrap_or_else(Instant::now)), if self.again.is_some() => Turn::Again,
            () = tokio::time::sleep(PURGE_AGAIN), if self.must_purge => Turn::Purge,
            else => Turn::End,
        }
    }

    fn build(&mut self) {
        let board = self.board.clone();
        let build = self.builder.clone().build(move |progress| board.building(Some(progress)));
        self.building = Some(self.tasks.spawn(build));
    }

    async fn apply(&mut self, batch: Batch) {
        let Some(Live { db, position, cursor: Some(cursor), .. }) = &mut self.live else { return };
        if let Some(first) = batch.events.first() {
            self.board.behind_since(first.recorded_at);
        }
        let batch = Arc::new(batch);
        let (events, taken) = (batch.clone(), cursor.clone());
        let (projection, clock) = (self.builder.projection.clone(), self.builder.clock.clone());
        let work = async move |db: &mut rusqlite::Connection| apply_batch(db, &*projection, &events, &taken, &clock).await;
        let applied = db.with(work).await.unwrap_or_else(|error| Err(Failed::Database(error)));
        *position = cursor.position();
        match applied {
            Ok(()) => {
                if self.paused.take().is_some() {
                    tracing::info!(projection = self.board.name, "a read model is written again");
                    self.board.go_on();
                }
                let count = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
                metrics::counter!("gatehouse_projection_events_total", "projection" => self.builder.projection.name()).increment(count);
                let newest = batch.events.last().filter(|last| last.position < self.builder.feed.head());
                self.board.applied(cursor.position(), newest.map(|last| last.recorded_at));
            }
            Err(Failed::Database(error)) => return self.wait(&error),
            Err(Failed::Lost) => return,
            Err(Failed::Event(stop)) => {
                let failed = batch.events.iter().find(|event| event.position >= stop.position);
                self.board.applied(cursor.position(), failed.map(|event| event.recorded_at));
                self.halt(stop).await;
            }
        }
        if batch.events.len() < BATCH {
            self.rests_until = Instant::now() + PACE;
        }
        if self.must_purge || batch.events.iter().any(|event| forgets(event)) {
            self.purge().await;
        }
    }

    /// Leaves a database that failed alone for a while, longer each time.
    fn wait(&mut self, error: &dyn std::error::Error) {
        let pause = self.paused.map_or(AGAIN.0, |pause| (pause * 2).min(AGAIN.1));
        if self.paused.replace(pause).is_none() {
            tracing::warn!(projection = self.board.name, error = %chain(error), "a read model cannot be written: trying again until it can");
        }
        self.again = Some(Instant::now() + pause);
        let position = self.live.as_ref().map_or(Position::START, |live| live.position);
        self.board.wait(position, chain(error));
    }

    /// Tries again, on a new connection: what a commit that failed has left is read, not guessed.
    async fn again(&mut self) {
        self.again = None;
        let Some(live) = &mut self.live else {
            if self.building.is_none() {
                self.build();
            }
            return;
        };
        match live.db.reopen(&live.file.path).await {
            Ok(position) => {
                if let Some(cursor) = live.cursor.as_ref().filter(|_| position > live.position) {
                    // What failed was only to say so.
                    cursor.advance(position);
                    live.position = position;
                    self.paused = None;
                    self.board.go_on();
                    self.board.applied(position, None);
                }
            }
            Err(error) => self.wait(&error),
        }
    }

    /// The rows of a person who was forgotten are gone from the tables; here they go from the WAL.
    async fn purge(&mut self) {
        let Some(live) = &mut self.live else { return };
        self.must_purge = match live.db.with(async |db: &mut rusqlite::Connection| database::truncate_wal(db)).await.flatten() {
            Ok(done) => !done,
            Err(error) => {
                tracing::warn!(projection = self.board.name, error = %chain(&error), "the WAL of a read model cannot be truncated yet");
                true
            }
        };
    }

    /// Goes no further. The one place where this is logged.
    async fn halt(&mut self, stop: Stop) {
        tracing::error!(projection = self.name(), position = stop.position.0, reason = %stop.reason, "a read model has stopped");
        if let Some(live) = &mut self.live {
            live.cursor = None;
            let Stop { position, reason } = stop.clone();
            let work = async move |db: &mut rusqlite::Connection| checkpoint::record_failure(db, position, &reason).await;
            if let Err(error) = live.db.with(work).await.flatten() {
                tracing::warn!(projection = self.board.name, error = %chain(&error), "why a read model has stopped cannot be kept");
            }
        }
        self.board.stop(stop.position, stop.reason);
    }

    async fn built(&mut self, result: Result<Built, RebuildError>) {
        self.building = None;
        self.board.building(None);
        let installed = match result {
            Ok(built) => self.install_or_stop(built).await,
            Err(error) => Err(error),
        };
        if let (Err(error), None) = (&installed, &self.live) {
            match error {
                RebuildError::Stopping => {}
                RebuildError::Unappliable { position, reason } => self.halt(Stop { position: *position, reason: reason.clone() }).await,
                // Until there is room for it, say.
                RebuildError::Unknown(_) | RebuildError::Underway | RebuildError::Database(_) | RebuildError::Folder(_) => self.wait(error),
            }
        }
        if let Some(order) = self.ordered.take() {
            let (projection, stop) = (self.builder.projection.clone(), self.stop.clone());
            // Meanwhile the new rows are read and kept.
            self.tasks.spawn(async move {
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
        let position = self.live.as_ref().map_or(Position::START, |live| live.position);
        let (file, cursor) = built.finish(position).await?;
        let db = Alone::new(database::open(&file.path)?);
        let shown = Shown { readers: Readers::of(&file.path), version: file.version };
        let position = cursor.position();
        let same = self.board.shown().filter(|live| self.ordered.is_some() && live.version == shown.version);
        let both = async { Both::at(position, &same?.readers, &shown.readers).await }.await;
        let before = self.live.replace(Live { db, file, position, cursor: Some(cursor) });
        let older = self.older.take().map(|found| (Alone::new(found.db), found.file));
        let before = before.map(|live| (live.db, live.file)).or(older);
        (self.again, self.paused) = (None, None);
        self.board.go_on();
        let readers = self.board.show(shown, position);
        if let Some((db, file)) = before {
            self.tasks.spawn(retire(self.board.name, readers, db, file, self.stop.clone()));
        }
        tracing::info!(projection = self.name(), position = position.0, "a read model has been built");
        Ok((Rebuilt { name: self.name(), position, compared: None }, both))
    }

    /// Takes the live rows as far as the new ones, so that they can be compared. They are read meanwhile.
    async fn catch_up(&mut self, to: Position) {
        while let Some(Live { position, cursor: Some(cursor), .. }) = &self.live
            && *position < to
            && self.again.is_none()
        {
            let Ok(batch) = cursor.next(BATCH).await else { return };
            self.apply(batch.until(to)).await;
        }
    }

    async fn close(&mut self) {
        if let Some(building) = self.building.take() {
            // It looks at the same token, and ends by itself.
            drop(building.await);
        }
        if let Some(readers) = self.board.hide() {
            // A view that somebody holds on to must not keep the service from stopping.
            drop(tokio::time::timeout(LAST_READERS, readers.close()).await);
        }
        let live = self.live.take().and_then(|live| live.db.into_inner());
        for db in live.into_iter().chain(self.older.take().map(|found| found.db)) {
            if let Err((_, error)) = db.close() {
                tracing::warn!(projection = self.board.name, error = %chain(&error), "a read model cannot be closed; it will be looked at when it is opened");
            }
        }
    }
}

fn ended_early(error: &tokio::task::JoinError) -> RebuildError {
    RebuildError::Database(sqlx::Error::Protocol(format!("the build ended early: {error}")))
}

/// Whether rows that a person's data was in are purged by this event. By name, since what it means is the projections' business.
fn forgets(event: &Envelope) -> bool {
    event.event_type.starts_with("person.forgotten.")
}

/// Deletes rows that are not read any more, when the last reader has gone; otherwise the next start does.
async fn retire(name: &'static str, readers: Option<Readers>, db: Alone, file: ViewFile, stop: CancellationToken) {
    if let Some(readers) = readers {
        tokio::select! {
            () = readers.close() => {}
            () = stop.cancelled() => return,
        }
    }
    // Closes it.
    drop(db);
    if file.delete().is_err() {
        tracing::warn!(projection = name, file = %file.path.display(), "an old read model cannot be deleted; the next start tries again");
    }
}
