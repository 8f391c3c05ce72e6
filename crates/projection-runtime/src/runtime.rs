//! Everything that follows the log, in one place: started, looked at, stopped.

use std::sync::Arc;
use std::time::Duration;

use event_store::{Clock, Position};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::Projection;
use crate::board::Board;
use crate::build::{Builder, RebuildError};
use crate::consumer::{Consumer, ConsumerState, ConsumerStatus};
use crate::cursors::Cursors;
use crate::feed::{Feed, NEAR};
use crate::follow::{Follower, Track};
use crate::lease::Lease;
use crate::postgres::watch::Watch;
use crate::setup::{self, Setup, StartError};
use crate::shelf::{Opened, Shelf};
use crate::status::{self, ProjectionStatus};
use crate::views::{ViewError, Views};
use crate::worker::{Order, Rebuilt, Told, Worker};

/// How often the lag gauges are set.
const GAUGES: Duration = Duration::from_secs(1);

/// Follows the log: keeps read models, gives consumers their events. Cheap to clone; stops when the last clone is dropped, or on
/// [`Runtime::shutdown`].
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<Inner>,
}

struct Inner {
    feed: Arc<Feed>,
    clock: Clock,
    models: Vec<Model>,
    consumers: Mutex<Vec<Arc<Track>>>,
    cursors: Arc<Cursors>,
    shelf: Shelf,
    stop: CancellationToken,
    tasks: TaskTracker,
    _guard: DropGuard,
}

struct Model {
    board: Arc<Board>,
    orders: mpsc::Sender<Order>,
}

impl Runtime {
    /// Opens what is there of the read models and begins to follow the log. Reads are answered from what is there at once; what is
    /// not there, or of an older version, or of another history of the log, is built.
    ///
    /// # Errors
    /// [`StartError`] when what is there cannot be used.
    pub async fn start(setup: Setup) -> Result<Self, StartError> {
        let epoch = setup.log.epoch();
        let head = *setup.log.head().borrow();
        let shelf = setup::shelf(&setup.data, setup.shared.as_ref(), epoch)?;
        let cursors = Arc::new(match &setup.shared {
            Some(shared) => Cursors::shared(shared.schema.pool().clone(), epoch),
            None => Cursors::open(&setup.data.join("consumers.db"), epoch).await?,
        });
        let lease = setup.shared.map_or_else(Lease::alone, |shared| shared.lease);
        let opened = setup::open(setup.projections, &shelf, &*setup.log).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let feed = Feed::new(setup.log, setup.codec, beginning(&opened, head), stop.clone());
        let mut models = Vec::with_capacity(opened.len());
        let news = shelf.catalogue().map(|catalogue| {
            let of_models = opened.iter().map(|(projection, _)| (projection.name(), projection.version())).collect();
            let (watch, news) = Watch::new(catalogue.clone(), of_models, feed.wanted().subscribe(), lease.clone(), stop.clone());
            tasks.spawn(watch.run());
            news
        });
        for (index, (projection, found)) in opened.into_iter().enumerate() {
            let board = Arc::new(Board::new(projection.name(), projection.version(), feed.wanted()));
            let (orders, received) = mpsc::channel(1);
            let builder = Builder { projection, shelf: shelf.clone(), feed: feed.clone(), epoch, clock: setup.clock.clone() };
            let told = news.clone().map(|news| Told { news, index });
            let worker = Worker::new(builder, board.clone(), received, (lease.clone(), told), (stop.clone(), tasks.clone()), found);
            tasks.spawn(worker.run());
            models.push(Model { board, orders });
        }
        tasks.spawn(feed.clone().run());
        let consumers = Mutex::default();
        let guard = stop.clone().drop_guard();
        let inner = Arc::new(Inner { feed, clock: setup.clock, models, consumers, cursors, shelf, stop, tasks, _guard: guard });
        inner.tasks.spawn(set_gauges(Arc::downgrade(&inner), inner.stop.clone()));
        Ok(Self { inner })
    }

    /// Begins to give this consumer its events, from its place in the log on, whenever its lease is held. When that is gained, the place
    /// is looked up anew; when it is lost, the consumer is dropped in what it does.
    ///
    /// # Errors
    /// When the lease is held and its place cannot be read.
    pub async fn attach(&self, consumer: Arc<dyn Consumer>, lease: Lease) -> Result<(), StartError> {
        let inner = &self.inner;
        let held = lease.held();
        let track = Arc::new(Track::new(consumer.name()));
        let cursor = inner.feed.cursor(Position::START);
        let stop = inner.stop.clone();
        let follower = Follower { consumer, cursor, cursors: inner.cursors.clone(), track: track.clone(), lease, stop };
        let claimed = match held {
            // At once: what comes before the first event that a new one handles must not be missed after a crash.
            Some(fence) => follower.claim(fence).await?.is_ok(),
            None => false,
        };
        inner.consumers.lock().push(track);
        inner.tasks.spawn(follower.run(held.filter(|_| claimed)));
        Ok(())
    }

    /// The read model of this name, to be read.
    #[must_use]
    pub fn views(&self, name: &str) -> Option<Views> {
        self.model(name).map(|model| Views::new(model.board.clone()))
    }

    fn model(&self, name: &str) -> Option<&Model> {
        self.inner.models.iter().find(|model| model.board.name == name)
    }

    /// How each read model is, in the order of the setup.
    #[must_use]
    pub fn status(&self) -> Vec<ProjectionStatus> {
        self.inner.status()
    }

    /// How each consumer is, in the order in which they were attached.
    #[must_use]
    pub fn consumers(&self) -> Vec<ConsumerStatus> {
        self.inner.consumer_status()
    }

    /// Waits until every read model reflects the log up to `position`.
    ///
    /// # Errors
    /// [`ViewError::NotYet`] for the first that does not get there within `timeout`, or has stopped.
    pub async fn wait_for(&self, position: Position, timeout: Duration) -> Result<(), ViewError> {
        let deadline = tokio::time::Instant::now() + timeout;
        for model in &self.inner.models {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            Views::new(model.board.clone()).wait(position, left).await?;
        }
        Ok(())
    }

    /// Waits until every consumer has handled the events up to `position`. False: not within `timeout`.
    pub async fn wait_for_consumers(&self, position: Position, timeout: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + timeout;
        let tracks = self.inner.consumers.lock().clone();
        for track in tracks {
            let mut at = track.position.subscribe();
            if !matches!(tokio::time::timeout_at(deadline, at.wait_for(|at| *at >= position)).await, Ok(Ok(_))) {
                return false;
            }
        }
        true
    }

    /// Builds a read model anew beside the one that is read, and puts it in its place when it has come as far. How far it has come
    /// is in [`Runtime::status`].
    ///
    /// # Errors
    /// [`RebuildError`]; the read model is then as it was.
    pub async fn rebuild(&self, name: &str) -> Result<Rebuilt, RebuildError> {
        let model = self.model(name).ok_or_else(|| RebuildError::Unknown(name.to_owned()))?;
        let (order, answer) = oneshot::channel();
        model.orders.send(order).await.map_err(|_| RebuildError::Stopping)?;
        answer.await.unwrap_or(Err(RebuildError::Stopping))
    }

    /// Lets what is being applied finish, and closes the databases. Reads fail from now on.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
        self.inner.shelf.close().await;
        if let Err(error) = self.inner.cursors.close().await {
            tracing::warn!(error = %crate::decode::chain(&error), "the places of consumers cannot be closed; some events may come again");
        }
    }
}

impl Inner {
    fn status(&self) -> Vec<ProjectionStatus> {
        let head = self.feed.head();
        self.models.iter().map(|model| status::of_board(&model.board, head, &self.clock)).collect()
    }

    fn consumer_status(&self) -> Vec<ConsumerStatus> {
        let head = self.feed.head();
        let tracks = self.consumers.lock();
        let of_track = |track: &Arc<Track>| {
            let position = *track.position.borrow();
            let (trouble, since) = track.trouble();
            let lag_events = if trouble == Some(ConsumerState::Elsewhere) { 0 } else { status::lag(head, position) };
            let untroubled = if status::is_live(lag_events) { ConsumerState::Live } else { ConsumerState::CatchingUp };
            let state = trouble.unwrap_or(untroubled);
            ConsumerStatus { name: track.name, position, lag_events, lag_seconds: status::age(&self.clock, since), state }
        };
        tracks.iter().map(of_track).collect()
    }
}

/// Where the shared reader begins: with the first follower that is near the head, so that those do not wait for one that is far
/// behind; with the first of all if none is near, so that all are built from one pass.
fn beginning(opened: &[(Arc<dyn Projection>, Opened)], head: Position) -> Position {
    let places = || opened.iter().map(|(_, found)| found.live.as_ref().map_or(Position::START, |live| live.position));
    let near = places().filter(|place| status::lag(head, *place) <= NEAR).min();
    near.or(places().min()).unwrap_or(head)
}

/// Sets the lag gauges every second: also of what has stopped, whose lag grows.
async fn set_gauges(inner: std::sync::Weak<Inner>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(GAUGES);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let Some(inner) = inner.upgrade() else { return };
        for status in inner.status() {
            set(status.name, status.lag_events, status.lag_seconds);
        }
        for status in inner.consumer_status() {
            set(status.name, status.lag_events, status.lag_seconds);
        }
    }
}

fn set(name: &'static str, lag_events: u64, lag_seconds: f64) {
    // A gauge is a float; a lag beyond 2^32 reads as that.
    let events = f64::from(u32::try_from(lag_events).unwrap_or(u32::MAX));
    metrics::gauge!("gatehouse_projection_lag_events", "projection" => name).set(events);
    metrics::gauge!("gatehouse_projection_lag_seconds", "projection" => name).set(lag_seconds);
}
