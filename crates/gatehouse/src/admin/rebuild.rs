//! Building a read model anew.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event_store::Position;
use projection_runtime::{Compared, Digest, Projection, ProjectionState, RebuildError, digest, leases};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Admin, ErrorBody};
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// How often progress is told.
const PULSE: Duration = Duration::from_millis(100);
/// How long a read of the rows may wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// One line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// How far it is.
    Progress {
        /// Events applied.
        done: u64,
        /// Events in the log.
        total: u64,
    },
    /// It is done: the new rows are read from now on.
    Done(Outcome),
    /// It was not done; what is read is as it was.
    Failed(ErrorBody),
}

/// A read model that was rebuilt.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The rows as they were at the same event; none if there were none that had come so far.
    pub(crate) live: Option<Rows>,
    /// The rows as they are now.
    pub(crate) rebuilt: Rows,
}

/// All rows of a read model.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rows {
    /// The last event that they reflect.
    pub(crate) position: u64,
    /// SHA-256 over all of them.
    pub(crate) digest: String,
}

/// Builds a read model anew beside the one that is read. It goes on to its end also when nobody listens any more.
pub(crate) async fn rebuild(State(admin): State<Admin>, Path(name): Path<String>) -> Response {
    let models = read_models::all(&admin.service.config.policy);
    let Some(projection) = models.iter().find(|model| model.name() == name).cloned() else {
        let names: Vec<_> = models.iter().map(|model| model.name()).collect();
        let failure = Failure::Usage(format!("there is no read model {name}: there are {}", names.join(", ")));
        return ErrorBody::from(failure).into_response();
    };
    if let Some(shared) = &admin.service.shared
        && let Err(failure) = shared.refuse_if_elsewhere(leases::PROJECTIONS).await
    {
        return ErrorBody::from(failure).into_response();
    }
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        let last = match run(&admin.service, projection, &sender).await {
            Ok(outcome) => Step::Done(outcome),
            Err(failure) => Step::Failed(failure.into()),
        };
        tell(&sender, &last).await;
    });
    let lines = futures_util::stream::unfold(receiver, |mut receiver| async {
        let line: Bytes = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), receiver))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

async fn run(service: &Arc<Service>, projection: Arc<dyn Projection>, sender: &mpsc::Sender<Bytes>) -> Result<Outcome, Failure> {
    let name = projection.name();
    let rebuild = service.runtime.rebuild(name);
    tokio::pin!(rebuild);
    let rebuilt = loop {
        tokio::select! {
            rebuilt = &mut rebuild => break rebuilt,
            () = tokio::time::sleep(PULSE) => {
                let status = service.runtime.status().into_iter().find(|status| status.name == name);
                if let Some(ProjectionState::Rebuilding(progress)) = status.map(|status| status.state) {
                    tell(sender, &Step::Progress { done: progress.done, total: progress.total }).await;
                }
            }
        }
    };
    let rebuilt = rebuilt.map_err(|error| match error {
        RebuildError::Underway | RebuildError::Stopping | RebuildError::Elsewhere => Failure::Unavailable(error.to_string()),
        error @ (RebuildError::Unknown(_) | RebuildError::Unappliable { .. } | RebuildError::Database(_) | RebuildError::Folder(_)) => {
            Failure::from_error(&error)
        }
    })?;
    let rows_of = |digest: Digest| Rows { position: rebuilt.position.0, digest: digest.to_string() };
    Ok(match rebuilt.compared {
        Some(Compared { live, rebuilt }) => Outcome { live: Some(rows_of(live)), rebuilt: rows_of(rebuilt) },
        None => Outcome { live: None, rebuilt: rows(service, &*projection, rebuilt.position).await? },
    })
}

/// The rows when they reflect the log up to `position`, or later.
async fn rows(service: &Service, projection: &dyn Projection, position: Position) -> Result<Rows, Failure> {
    let views = service.runtime.views(projection.name()).ok_or_else(|| Failure::failed("there is no such read model"))?;
    let mut view = views.read(Some(position), PATIENCE).await.map_err(|error| Failure::from_error(&error))?;
    let position = view.position();
    let digest = digest(view.rows(), projection).await.map_err(|error| Failure::from_error(&error))?;
    Ok(Rows { position: position.0, digest: digest.to_string() })
}

async fn tell(sender: &mpsc::Sender<Bytes>, step: &Step) {
    let Ok(mut line) = serde_json::to_vec(step) else { return };
    line.push(b'\n');
    // Who asked may have gone.
    drop(sender.send(line.into()).await);
}
