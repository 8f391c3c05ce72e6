//! Keeps a read model up to date while the lease is held: opened or built, rebuilt when asked, stopped when it must.

use std::sync::Arc;
use std::time::Duration;

use event_codec::Envelope;
use event_store::Position;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{Order, Worker};
use crate::apply::{Failed, Stop};
use crate::build::{Builder, Built, RebuildError};
use crate::decode::chain;
use crate::feed::{Batch, Cursor, Halt};
use crate::lease::Fence;
use crate::shelf::{Found, Opened, ShelfError};
use crate::wanted::rest;
use crate::writer::Writer;

/// Events applied in one transaction while others read.
pub(super) const BATCH: usize = 1_000;

/// How long a read model that has just taken some events rests before it takes more, so that under load many share a transaction.
const PACE: Duration = Duration::from_millis(25);

/// How long until the WAL is truncated again when a reader was in the way.
const PURGE_AGAIN: Duration = Duration::from_millis(200);

/// Pauses before a database that failed is tried again: the first, and the longest.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How often builds are looked for that nobody uses any more.
const SWEEP: Duration = Duration::from_secs(5);

/// How long the log may take to show what a read model reflects already: another instance may have told this one's database of it first.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(5);

/// How long the last batch may take when the runtime stops and the server does not answer.
const LAST_BATCH: Duration = Duration::from_secs(3);

/// Why a keeper is done.
pub(super) enum End {
    /// The runtime stops.
    Stopping,
    /// The lease is not held any more.
    Lost,
}

/// Keeps one read model, as long as its lease is held.
pub(super) struct Keeper<'a> {
    pub(super) worker: &'a mut Worker,
    pub(super) fence: Fence,
    pub(super) live: Option<Live>,
    /// Rows of another version that answer meanwhile.
    pub(super) older: Option<Found>,
    pub(super) building: Option<JoinHandle<Result<Built, RebuildError>>>,
    pub(super) ordered: Option<Order>,
    must_purge: bool,
    /// It rests until then, unless somebody waits for its rows.
    rests_until: Instant,
    /// Its database is to be opened, or failed, and is tried again then.
    pub(super) again: Option<Instant>,
    /// How long it paused before it tried again the last time; none since something was written.
    pub(super) paused: Option<Duration>,
    sweeps: Instant,
    wanted: watch::Receiver<Position>,
}

/// The rows that are kept up to date.
pub(super) struct Live {
    /// None: they are to be opened yet.
    pub(super) writer: Option<Writer>,
    pub(super) found: Found,
    /// None: they go no further.
    pub(super) cursor: Option<Cursor>,
}

impl Live {
    fn of(found: Found) -> Self {
        Self { writer: None, found, cursor: None }
    }
}

enum Turn {
    End(End),
    Order(Order),
    Built(Box<Result<Built, RebuildError>>),
    Events(Result<Batch, Halt>),
    Again,
    Purge,
    Sweep,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(worker: &'a mut Worker, fence: Fence) -> Self {
        let Opened { live, older } = std::mem::take(&mut worker.opened);
        let now = Instant::now();
        let wanted = worker.board.wanted();
        Self {
            worker,
            fence,
            live: live.map(Live::of),
            older,
            building: None,
            ordered: None,
            must_purge: false,
            rests_until: now,
            again: Some(now),
            paused: None,
            sweeps: now,
            wanted,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.worker.name()
    }

    /// Works until the runtime stops or the lease is lost.
    pub(super) async fn run(mut self) -> End {
        let end = loop {
            match self.turn().await {
                Turn::End(end) => break end,
                Turn::Order(order) if self.building.is_some() => drop(order.send(Err(RebuildError::Underway))),
                Turn::Order(order) => {
                    self.ordered = Some(order);
                    self.build();
                }
                Turn::Built(result) => self.built(*result).await,
                Turn::Events(Ok(batch)) => self.apply(batch).await,
                Turn::Events(Err(Halt::Stopping)) => break End::Stopping,
                Turn::Events(Err(Halt::Unreadable(failure))) => {
                    self.halt(Stop { position: failure.position, reason: failure.reason }).await;
                }
                Turn::Again => self.again().await,
                Turn::Purge => self.purge().await,
                Turn::Sweep => self.sweep(),
            }
        };
        self.close(&end).await;
        end
    }

    async fn turn(&mut self) -> Turn {
        let Worker { stop, orders, lease, told, .. } = &mut *self.worker;
        let building = self.building.as_mut();
        // Nothing is applied while the database is left alone.
        let cursor = self.live.as_ref().and_then(|live| live.cursor.as_ref()).filter(|_| self.again.is_none());
        tokio::select! {
            biased;
            () = stop.cancelled() => Turn::End(End::Stopping),
            () = lease.lost(self.fence) => Turn::End(End::Lost),
            Some(order) = orders.recv() => Turn::Order(order),
            Some(built) = async { Some(building?.await) } => Turn::Built(Box::new(built.unwrap_or_else(|error| Err(ended_early(&error))))),
            Some(events) = async {
                let cursor = cursor?;
                rest(self.rests_until, &mut self.wanted, cursor.position()).await;
                Some(cursor.next(BATCH).await)
            } => Turn::Events(events),
            () = tokio::time::sleep_until(self.again.unwrap_or_else(Instant::now)), if self.again.is_some() => Turn::Again,
            () = tokio::time::sleep(PURGE_AGAIN), if self.must_purge => Turn::Purge,
            () = tokio::time::sleep_until(self.sweeps), if told.is_some() => Turn::Sweep,
            else => Turn::End(End::Stopping),
        }
    }

    pub(super) async fn apply(&mut self, batch: Batch) {
        let Some(Live { writer: Some(writer), found, cursor: Some(cursor) }) = &mut self.live else { return };
        let Worker { builder, board, lease, stop, .. } = &mut *self.worker;
        if let Some(first) = batch.events.first() {
            board.behind_since(first.recorded_at);
        }
        let batch = Arc::new(batch);
        let applying = writer.apply(&builder.projection, &batch, cursor, &builder.clock);
        let applied = if builder.shelf.is_shared() {
            tokio::select! {
                applied = applying => applied,
                // A server that does not answer holds up neither.
                () = lease.lost(self.fence) => Err(Failed::Lost),
                () = async { stop.cancelled().await; tokio::time::sleep(LAST_BATCH).await } => Err(Failed::Lost),
            }
        } else {
            applying.await
        };
        found.position = cursor.position();
        match applied {
            Ok(()) => {
                if self.paused.take().is_some() {
                    tracing::info!(projection = board.name, "a read model is written again");
                    board.go_on();
                }
                let count = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
                metrics::counter!("gatehouse_projection_events_total", "projection" => board.name).increment(count);
                let newest = batch.events.last().filter(|last| last.position < builder.feed.head());
                board.applied(cursor.position(), newest.map(|last| last.recorded_at));
            }
            Err(Failed::Database(error)) => return self.wait(&error),
            Err(Failed::Lost) => return self.wait(&ShelfError::Lost),
            Err(Failed::Event(stop)) => {
                let failed = batch.events.iter().find(|event| event.position >= stop.position);
                board.applied(cursor.position(), failed.map(|event| event.recorded_at));
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
    pub(super) fn wait(&mut self, error: &dyn std::error::Error) {
        let pause = self.paused.map_or(AGAIN.0, |pause| (pause * 2).min(AGAIN.1));
        let board = &self.worker.board;
        if self.paused.replace(pause).is_none() {
            tracing::warn!(projection = board.name, error = %chain(error), "a read model cannot be written: trying again until it can");
        }
        self.again = Some(Instant::now() + pause);
        let position = self.live.as_ref().map_or(Position::START, |live| live.found.position);
        board.wait(position, chain(error));
    }

    /// Opens what is there, on a new connection: what a commit that failed has left is read, not guessed. Builds what is not there.
    async fn again(&mut self) {
        self.again = None;
        if self.worker.builder.shelf.is_shared()
            && let Err(error) = self.look().await
        {
            return self.wait(&error);
        }
        let Some(live) = &mut self.live else {
            if self.building.is_none() {
                self.build();
            }
            return;
        };
        // What it holds is let go first.
        live.writer = None;
        match self.worker.builder.shelf.write(&live.found.build, self.fence).await {
            Ok((writer, position)) => self.go_on(writer, position).await,
            Err(error) => self.wait(&error),
        }
    }

    /// Goes on from where the rows are.
    async fn go_on(&mut self, writer: Writer, position: Position) {
        let feed = &self.worker.builder.feed;
        if !feed.reaches(position, CATCH_UP).await {
            let reason = format!("its rows reflect events up to {position}, which the log does not have: it has lost its end");
            return self.halt(Stop { position, reason }).await;
        }
        let Some(live) = &mut self.live else { return };
        live.writer = Some(writer);
        match &live.cursor {
            Some(cursor) => cursor.advance(position),
            None => live.cursor = Some(feed.cursor(position)),
        }
        if live.found.position != position {
            // What failed was only to say so; or it was undone with the server's crash.
            live.found.position = position;
            self.paused = None;
            self.worker.board.go_on();
            self.worker.board.applied(position, None);
        }
    }

    /// Sees which builds there are by now.
    async fn look(&mut self) -> Result<(), ShelfError> {
        let Builder { projection, shelf, epoch, feed, .. } = &self.worker.builder;
        let Opened { live, older } = shelf.open(&**projection, *epoch, feed.head()).await?;
        if let Some(found) = live.as_ref().or(older.as_ref()) {
            self.worker.show_if_new(found);
        }
        self.older = older;
        self.live = match (self.live.take(), live) {
            (Some(live), Some(found)) if live.found.build == found.build => Some(live),
            (_, found) => found.map(Live::of),
        };
        Ok(())
    }

    /// The rows of a person who was forgotten are gone from the tables; here they go from what else a file keeps.
    async fn purge(&mut self) {
        let Some(writer) = self.live.as_mut().and_then(|live| live.writer.as_mut()) else { return };
        self.must_purge = match writer.purge().await {
            Ok(done) => !done,
            Err(error) => {
                tracing::warn!(projection = self.worker.name(), error = %chain(&error), "the WAL of a read model cannot be truncated yet");
                true
            }
        };
    }

    /// Goes no further. The one place where this is logged.
    pub(super) async fn halt(&mut self, stop: Stop) {
        tracing::error!(projection = self.name(), position = stop.position.0, reason = %stop.reason, "a read model has stopped");
        if let Some(live) = &mut self.live {
            live.cursor = None;
            if let Some(writer) = &mut live.writer
                && let Err(error) = writer.record_failure(&stop).await
            {
                tracing::warn!(projection = self.worker.name(), error = %chain(&error), "why a read model has stopped cannot be kept");
            }
        }
        self.worker.board.stop(stop.position, stop.reason);
    }

    /// Deletes, meanwhile, what nobody uses any more.
    fn sweep(&mut self) {
        self.sweeps = Instant::now() + SWEEP;
        let (shelf, projection, fence) = (self.worker.builder.shelf.clone(), self.worker.projection(), self.fence);
        self.worker.tasks.spawn(async move {
            if let Err(error) = shelf.sweep(&*projection, fence).await {
                tracing::debug!(projection = projection.name(), error = %chain(&error), "old builds are looked for again later");
            }
        });
    }

    /// Lets go of what is written. What is read stays so.
    async fn close(mut self, end: &End) {
        if let Some(mut building) = self.building.take() {
            match end {
                End::Lost => building.abort(),
                // It looks at the same token, and ends by itself, if its database answers.
                End::Stopping if self.worker.told.is_some() => {
                    drop(tokio::time::timeout(LAST_BATCH, &mut building).await);
                    building.abort();
                }
                End::Stopping => drop(building.await),
            }
        }
        if let (End::Lost, Some(order)) = (end, self.ordered.take()) {
            drop(order.send(Err(RebuildError::Elsewhere)));
        }
        self.worker.board.building(None);
        if let End::Lost = end {
            self.worker.board.go_on();
        }
        if let Some(writer) = self.live.take().and_then(|live| live.writer) {
            writer.close(self.worker.name()).await;
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
