//! Publishing over NATS, put together: which events, to which stream, under which name.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use event_store::{Clock, Epoch};
use jiff::Timestamp;
use nats_publisher::{
    Credentials, CursorFile, CursorPlace, CursorRow, Grant, GrantError, Pause, Progress, Publisher, PublisherStatus, ReadModelFeed,
    Reconciled, Refilled, RepairError, Settings, StreamName, StreamSettings, reconcile, refill,
};
use projection_runtime::{Views, leases};
use public_events::Position;
use public_feed::Origin;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::background::Background;
use crate::config::{Config, NatsConfig};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::shared::{self, Shared};

/// The publisher of this service. One that is not configured publishes nothing.
pub(crate) struct Publishing {
    views: Views,
    origin: Origin,
    settings: Settings,
    /// Where cursors are kept, unless instances share them.
    folder: PathBuf,
    shared: Option<Shared>,
    clock: Clock,
    /// Ends everything.
    stop: CancellationToken,
    /// The publisher, while it runs.
    running: Mutex<Option<Running>>,
    /// One repair at a time: two of one stream would write one cursor.
    repairing: Mutex<()>,
    status: watch::Sender<Option<watch::Receiver<PublisherStatus>>>,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Whom the progress of a repair is told to.
pub(crate) type Tell = Arc<dyn Fn(&Progress) + Send + Sync>;

impl Publishing {
    /// With what the operator configured; none if no server is.
    ///
    /// # Errors
    /// What is configured cannot be used.
    pub(crate) fn of(
        config: &Config,
        folder: &DataFolder,
        shared: Option<&Shared>,
        clock: Clock,
        views: Views,
        origin: Origin,
    ) -> Result<Option<Self>, Failure> {
        let Some(settings) = settings(&config.nats)? else { return Ok(None) };
        Ok(Some(Self {
            views,
            origin,
            settings,
            folder: folder.root().to_owned(),
            shared: shared.cloned(),
            clock,
            stop: CancellationToken::new(),
            running: Mutex::default(),
            repairing: Mutex::default(),
            status: watch::Sender::default(),
        }))
    }

    /// Begins to publish, until it is told to stop.
    pub(crate) async fn start(&self, background: &Background) {
        let mut running = self.running.lock().await;
        if running.is_some() {
            return;
        }
        let cursor = self.cursor(&self.settings.stream.name);
        let publisher =
            Publisher::new(self.feed(), self.settings.clone(), cursor, self.pause(), shared::lease(self.shared.as_ref(), leases::PUBLISH));
        self.status.send_replace(Some(publisher.status()));
        let stop = self.stop.child_token();
        let task = background.spawn(publisher.run(stop.clone()));
        *running = Some(Running { stop, task });
    }

    /// Stops to publish, for good; what is on its way is waited for.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        self.rest().await;
    }

    /// Stops the publisher, and says whether it ran.
    async fn rest(&self) -> bool {
        let Some(Running { stop, task }) = self.running.lock().await.take() else { return false };
        stop.cancel();
        if let Err(error) = task.await {
            tracing::warn!(%error, "the publisher ended early");
        }
        true
    }

    /// How it is; none if it was never started.
    pub(crate) fn status(&self) -> Option<PublisherStatus> {
        self.status.borrow().as_ref().map(|status| status.borrow().clone())
    }

    /// Compares the stream with the log and repairs it. The publisher rests meanwhile; a repair that is under way is waited for.
    ///
    /// # Errors
    /// As [`reconcile`].
    pub(crate) async fn reconcile(&self, background: &Background, progress: Tell) -> Result<Reconciled, RepairError> {
        let _alone = self.repairing.lock().await;
        let rested = self.rest().await;
        let (feed, settings, pause) = (self.feed(), self.settings.clone(), self.pause());
        let cursor = self.cursor(&settings.stream.name);
        let stop = self.stop.child_token();
        let work = background.spawn(async move { reconcile(feed, settings, cursor, pause, &stop, &*progress).await });
        let result = work.await.unwrap_or(Err(RepairError::Stopped));
        if rested {
            self.start(background).await;
        }
        result
    }

    /// Fills a new stream, not the publisher's own, with the events at this position and after. The publisher goes on beside it; a repair
    /// that is under way is waited for.
    ///
    /// # Errors
    /// As [`refill`].
    pub(crate) async fn refill(
        &self,
        background: &Background,
        from: u64,
        into: StreamName,
        progress: Tell,
    ) -> Result<Refilled, RepairError> {
        let _alone = self.repairing.lock().await;
        let (feed, pause, cursor) = (self.feed(), self.pause(), self.cursor(&into));
        let stream = StreamSettings { name: into, ..self.settings.stream.clone() };
        let (settings, stop) = (Settings { stream, ..self.settings.clone() }, self.stop.child_token());
        let work = async move { refill(feed, Position(from), settings, cursor, pause, &stop, &*progress).await };
        background.spawn(work).await.unwrap_or(Err(RepairError::Stopped))
    }

    /// Makes or changes the consumer of a service.
    ///
    /// # Errors
    /// As [`Grant::make_consumer`].
    pub(crate) async fn make_consumer(&self, grant: &Grant) -> Result<(), GrantError> {
        grant.make_consumer(&self.settings).await
    }

    /// The name of the stream.
    pub(crate) fn stream(&self) -> &StreamName {
        &self.settings.stream.name
    }

    fn feed(&self) -> Arc<ReadModelFeed> {
        Arc::new(ReadModelFeed::new(self.views.clone(), self.origin.clone()))
    }

    fn cursor(&self, stream: &StreamName) -> CursorPlace {
        match &self.shared {
            Some(shared) => CursorRow::new(shared.schema.pool().clone(), stream).into(),
            None => CursorFile::new(&self.folder, stream).into(),
        }
    }

    fn pause(&self) -> Arc<dyn Pause> {
        Arc::new(SystemPause(Arc::clone(&self.clock)))
    }
}

/// What events that are published say of where they come from: the same over NATS and HTTP.
pub(crate) fn origin(config: &Config, epoch: Epoch) -> Origin {
    let base_url = config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    Origin { schemas: format!("{base_url}/v1/schemas"), source: config.event_source.clone().unwrap_or(base_url), epoch: epoch.0 }
}

/// The service's clock, and real waiting.
struct SystemPause(Clock);

#[async_trait]
impl Pause for SystemPause {
    fn now(&self) -> Timestamp {
        (self.0)()
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Where events are published, if anywhere.
fn settings(config: &NatsConfig) -> Result<Option<Settings>, Failure> {
    let Some(url) = &config.url else { return Ok(None) };
    let credentials = match (&config.user, &config.password_file, &config.credentials_file) {
        (None, None, None) => Credentials::None,
        (Some(user), Some(file), None) => Credentials::Password { user: user.clone(), password_file: file.clone() },
        (None, None, Some(file)) => Credentials::CredentialsFile(file.clone()),
        (Some(_), None, None) | (None, Some(_), None) => {
            return Err(Failure::Usage("nats needs both user and password_file, or neither".to_owned()));
        }
        (Some(_), _, Some(_)) | (None, Some(_), Some(_)) => {
            return Err(Failure::Usage("nats takes either user and password_file or credentials_file, not both".to_owned()));
        }
    };
    let name: StreamName = config.stream.parse().map_err(|error| Failure::Usage(format!("nats.stream cannot be used: {error}")))?;
    Ok(Some(Settings {
        servers: url.split(',').map(|server| server.trim().to_owned()).collect(),
        credentials,
        authorities_file: config.authority_file.clone(),
        stream: StreamSettings { name, replicas: config.replicas.into(), ..StreamSettings::default() },
        ..Settings::default()
    }))
}
