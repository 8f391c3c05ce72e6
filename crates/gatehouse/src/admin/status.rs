//! How the service is.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use nats_publisher::{PublisherState, PublisherStatus};
use projection_runtime::{ConsumerState, ConsumerStatus, ProjectionState, ProjectionStatus};
use serde::{Deserialize, Serialize};

use super::{Admin, Answer};
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// How the service is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The version that answers.
    pub(crate) version: String,
    /// Whether the service runs, or was opened for this question.
    pub(crate) running: bool,
    /// The data folder.
    pub(crate) data: String,
    /// The log.
    pub(crate) log: LogStatus,
    /// The read models.
    pub(crate) read_models: Vec<Follower>,
    /// What else follows the log; none while the service does not run.
    pub(crate) consumers: Vec<Follower>,
    /// Which instance does what only one may do at a time; empty where this is the only one.
    pub(crate) leases: Vec<Held>,
    /// How many mails there are of each state; none while the outbox cannot be read.
    pub(crate) mails: Option<Vec<(String, u64)>>,
}

/// How the log is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LogStatus {
    /// Position of the newest event.
    pub(crate) position: u64,
    /// Which history it is.
    pub(crate) epoch: uuid::Uuid,
    /// Why it takes no more events, if it does not.
    pub(crate) failure: Option<String>,
}

/// A lease that is held.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Its name: `projections`, `processes`, `dispatch`, `publish`.
    pub(crate) name: String,
    /// The instance's name.
    pub(crate) instance: String,
    /// Whether that is the one that answers.
    pub(crate) is_own: bool,
    /// Since when.
    pub(crate) since: Timestamp,
}

/// How something that follows the log is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Follower {
    /// Its name.
    pub(crate) name: String,
    /// `live`, `catching up`, `rebuilding`, `waiting`, `elsewhere`, `stopped`.
    pub(crate) state: String,
    /// The last event that it has taken.
    pub(crate) position: u64,
    /// Events that it has not taken yet.
    pub(crate) lag_events: u64,
    /// For how long the oldest of them waits, in seconds.
    pub(crate) lag_seconds: f64,
    /// Where and why it does not go on.
    pub(crate) reason: Option<String>,
}

impl From<ProjectionStatus> for Follower {
    fn from(status: ProjectionStatus) -> Self {
        let (state, reason) = match status.state {
            ProjectionState::Live => ("live", None),
            ProjectionState::CatchingUp => ("catching up", None),
            ProjectionState::Rebuilding(progress) => ("rebuilding", Some(format!("{} of {} events", progress.done, progress.total))),
            ProjectionState::Waiting { position, reason } => ("waiting", Some(format!("after event {position}: {reason}"))),
            ProjectionState::Stopped { position, reason } => ("stopped", Some(format!("at event {position}: {reason}"))),
        };
        Self {
            name: status.name.to_owned(),
            state: state.to_owned(),
            position: status.position.0,
            lag_events: status.lag_events,
            lag_seconds: status.lag_seconds,
            reason,
        }
    }
}

impl From<ConsumerStatus> for Follower {
    fn from(status: ConsumerStatus) -> Self {
        let (state, reason) = match status.state {
            ConsumerState::Live => ("live", None),
            ConsumerState::CatchingUp => ("catching up", None),
            ConsumerState::Waiting { position, reason } => ("waiting", Some(format!("at event {position}: {reason}"))),
            ConsumerState::Elsewhere => ("elsewhere", Some("another instance holds its lease".to_owned())),
            ConsumerState::Stopped { position, reason } => ("stopped", Some(format!("at event {position}: {reason}"))),
        };
        Self {
            name: status.name.to_owned(),
            state: state.to_owned(),
            position: status.position.0,
            lag_events: status.lag_events,
            lag_seconds: status.lag_seconds,
            reason,
        }
    }
}

/// The publisher, among what follows the log.
fn publisher(status: PublisherStatus, now: Timestamp) -> Follower {
    let (state, since, reason) = match status.state {
        PublisherState::Connecting => ("connecting", None, None),
        PublisherState::Publishing => ("catching up", None, None),
        PublisherState::Idle => ("live", None, None),
        PublisherState::Elsewhere => ("elsewhere", None, Some("another instance holds its lease".to_owned())),
        PublisherState::Waiting { reason, since } => ("waiting", Some(since), Some(reason)),
        PublisherState::Stopped { reason, since } => ("stopped", Some(since), Some(reason)),
    };
    Follower {
        name: format!("nats {}", status.stream),
        state: state.to_owned(),
        position: status.position.0,
        lag_events: status.lag,
        lag_seconds: since.map_or(0.0, |since| now.duration_since(since).as_secs_f64()),
        reason,
    }
}

/// Says how the service is. Opened for this question, it lets the read models catch up first.
pub(crate) async fn show(State(admin): State<Admin>) -> Answer<Status> {
    let service = &admin.service;
    if !admin.running {
        // One that has stopped, or takes longer, is shown as it is.
        let _ = service.runtime.wait_for(service.head_at_start, std::time::Duration::from_secs(60)).await;
    }
    let position = *service.log.head().borrow();
    let published = service.publishing.as_ref().and_then(|publishing| publishing.status());
    let published = published.map(|status| publisher(status, (service.clock)()));
    let failure = service.log.failure().borrow().as_deref().map(str::to_owned);
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        running: admin.running,
        data: service.folder.root().display().to_string(),
        log: LogStatus { position: position.0, epoch: service.log.epoch().0, failure },
        read_models: service.runtime.status().into_iter().map(Follower::from).collect(),
        consumers: service.runtime.consumers().into_iter().map(Follower::from).chain(published).collect(),
        leases: held(service).await?,
        mails: mails(&admin).await,
    }))
}

async fn held(service: &Service) -> Result<Vec<Held>, Failure> {
    let Some(shared) = &service.shared else { return Ok(Vec::new()) };
    let holders = shared.leases.holders().await.map_err(|error| Failure::from_error(&error))?;
    let held = holders.into_iter().map(|holder| Held {
        name: holder.lease,
        instance: holder.instance,
        is_own: holder.is_own,
        since: holder.since,
    });
    Ok(held.collect())
}

async fn mails(admin: &Admin) -> Option<Vec<(String, u64)>> {
    let views = admin.service.runtime.views(read_models::NOTIFICATION_DISPATCH)?;
    let counted = async {
        let mut view = views.read(None, std::time::Duration::from_secs(1)).await.map_err(|error| Failure::from_error(&error))?;
        notification_dispatch::counts(view.rows()).await.map_err(|error| Failure::from_error(&error))
    };
    match counted.await {
        Ok(counts) => Some(counts.into_iter().map(|(state, count)| (state.as_str().to_owned(), count)).collect()),
        Err(error) => {
            tracing::warn!(%error, "the mails cannot be counted");
            None
        }
    }
}
