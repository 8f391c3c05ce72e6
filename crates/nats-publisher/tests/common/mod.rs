//! A publisher over a feed in memory, real servers, and what the stream holds in the end.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    unused_imports,
    reason = "tests; not each uses all of it"
)]

mod feed;
mod repair;
mod stream;

pub use feed::MemoryFeed;
pub use repair::{reconciled, refilled};
pub use stream::{AllStored, Stored, context, delete_stream, info, stored};

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use nats_publisher::{
    Backoff, Credentials, CursorFile, CursorRow, Pause, Publisher, PublisherState, PublisherStatus, Settings, StreamSettings,
};
use projection_runtime::Lease;
use tempfile::TempDir;
use test_support::eventually;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for anything that a test waits for, on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);

/// A clock on which time passes so many times faster: an hour of back-off is over in seconds.
#[derive(Debug)]
pub struct Hurried {
    started: std::time::Instant,
    times: u32,
}

impl Hurried {
    pub fn new(times: u32) -> Arc<Self> {
        Arc::new(Self { started: std::time::Instant::now(), times })
    }

    /// How much time has passed on it.
    pub fn passed(&self) -> Duration {
        self.started.elapsed() * self.times
    }
}

#[async_trait]
impl Pause for Hurried {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(self.passed()).unwrap()
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration / self.times).await;
    }
}

/// Settings for a test: little patience, small batches, so that their ends are met.
pub fn settings(servers: &[String]) -> Settings {
    Settings {
        servers: servers.to_vec(),
        credentials: Credentials::None,
        authorities_file: None,
        stream: StreamSettings::default(),
        in_flight: 256,
        batch: 1024,
        patience: Duration::from_millis(1500),
        backoff: Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(1) },
        look_every: Duration::from_millis(200),
        cursor_every: Duration::from_millis(50),
    }
}

/// What a publisher leaves on its disk.
pub fn cursor_file(folder: &Path, settings: &Settings) -> CursorFile {
    CursorFile::new(folder, &settings.stream.name)
}

/// A publisher at work.
pub struct Running {
    pub status: watch::Receiver<PublisherStatus>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn start(feed: &Arc<MemoryFeed>, settings: &Settings, folder: &Path) -> Self {
        Self::start_with(feed, settings, folder, Hurried::new(1))
    }

    pub fn start_with(feed: &Arc<MemoryFeed>, settings: &Settings, folder: &Path, pause: Arc<Hurried>) -> Self {
        Self::start_publisher(Publisher::new(feed.clone(), settings.clone(), cursor_file(folder, settings), pause, Lease::alone()))
    }

    /// One of several, which publishes while its lease is held.
    pub fn start_under(lease: Lease, feed: &Arc<MemoryFeed>, settings: &Settings, cursor: CursorRow) -> Self {
        Self::start_publisher(Publisher::new(feed.clone(), settings.clone(), cursor, Hurried::new(1), lease))
    }

    fn start_publisher(publisher: Publisher) -> Self {
        let (status, stop) = (publisher.status(), CancellationToken::new());
        let task = tokio::spawn(publisher.run(stop.clone()));
        Self { status, stop, task }
    }

    /// As if the process was killed.
    pub async fn crash(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Waits until the status is so.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&PublisherStatus) -> bool) -> PublisherStatus {
        let waited = tokio::time::timeout(LONG, self.status.wait_for(|status| holds(status))).await;
        let found = waited.ok().map(|status| status.expect("the publisher runs").clone());
        match found {
            Some(status) => status,
            None => panic!("waited for the publisher to be {what}, in vain: {:?}", self.status.borrow()),
        }
    }

    /// Waits until everything in the feed is published.
    pub async fn drained(&mut self, feed: &MemoryFeed) {
        let end = feed.end();
        self.until("idle at the end of the feed", |status| status.state == PublisherState::Idle && status.position == end).await;
    }

    /// Waits until it has stopped, and says why.
    pub async fn stopped(&mut self) -> String {
        let status = self.until("stopped", |status| matches!(status.state, PublisherState::Stopped { .. })).await;
        reason(&status)
    }
}

/// The reason for waiting or being stopped.
pub fn reason(status: &PublisherStatus) -> String {
    match &status.state {
        PublisherState::Waiting { reason, .. } | PublisherState::Stopped { reason, .. } => reason.clone(),
        PublisherState::Connecting | PublisherState::Publishing | PublisherState::Idle | PublisherState::Elsewhere => String::new(),
    }
}

/// A folder for a cursor.
pub fn folder() -> TempDir {
    TempDir::new().unwrap()
}

/// Waits for a condition of the outside world.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    eventually(what, LONG, async || holds().await.then_some(())).await;
}
