//! Comparing and filling streams.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use nats_publisher::{Progress, Reconciled, Refilled, RepairError, StreamName};
use projection_runtime::leases;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Admin, ErrorBody};
use crate::failure::Failure;
use crate::publishing::{Publishing, Tell};

/// What is to be filled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fill {
    /// The position of the first event, or a position before it.
    pub(crate) from: u64,
    /// The stream.
    pub(crate) into: String,
}

/// One line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// How far it is.
    Progress(Far),
    /// The comparison is done.
    Compared(Findings),
    /// The stream is filled.
    Filled(Filled),
    /// It was not done. What was done is right, and done again it goes on.
    Failed(ErrorBody),
}

/// How far it is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Far {
    /// Messages of the stream that were compared with the log.
    pub(crate) compared: u64,
    /// How many there are to compare.
    pub(crate) to_compare: u64,
    /// Events that were published.
    pub(crate) published: u64,
    /// What is in the way at the moment.
    pub(crate) waiting: Option<String>,
}

/// What a comparison found, and what became of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// Which stream.
    pub(crate) stream: String,
    /// Whether there was none, and it was made anew.
    pub(crate) made: bool,
    /// Messages that were compared.
    pub(crate) compared: u64,
    /// Positions of the first and last event of each hole, and how many events it has; the first thousand.
    pub(crate) holes: Vec<(u64, u64, u64)>,
    /// Events that are missing in all holes.
    pub(crate) missing: u64,
    /// Messages that are no events of the log: their sequence, and the id and position that they say; the first thousand.
    pub(crate) strangers: Vec<(u64, Option<uuid::Uuid>, Option<u64>)>,
    /// How many there are.
    pub(crate) stranger_count: u64,
    /// Events that were missing at the end, and were published.
    pub(crate) published: u64,
}

/// What became of filling a stream.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Filled {
    /// The subjects on which it takes messages.
    pub(crate) subjects: String,
    /// Whether this went on with what was begun before.
    pub(crate) resumed: bool,
    /// Events that were published this time.
    pub(crate) published: u64,
    /// The position of the last event in it.
    pub(crate) position: u64,
}

/// Compares the stream with the log and repairs it. Goes on to its end also when nobody listens any more.
pub(crate) async fn reconcile(State(admin): State<Admin>) -> Response {
    if let Some(shared) = &admin.service.shared
        && let Err(failure) = shared.refuse_if_elsewhere(leases::PUBLISH).await
    {
        return ErrorBody::from(failure).into_response();
    }
    answer(&admin, |admin, publishing, tell| async move {
        let found = publishing.reconcile(&admin.service.background, tell).await?;
        Ok(Step::Compared(findings(publishing.stream(), found)))
    })
}

/// Fills a new stream. Goes on to its end also when nobody listens any more.
pub(crate) async fn refill(State(admin): State<Admin>, Json(fill): Json<Fill>) -> Response {
    let into: StreamName = match fill.into.parse() {
        Ok(into) => into,
        Err(error) => return ErrorBody::from(Failure::Usage(format!("--into cannot be used: {error}"))).into_response(),
    };
    if admin.service.publishing.as_ref().is_some_and(|publishing| *publishing.stream() == into) {
        let failure = Failure::Usage(format!("{into} is the stream that is published into: --reconcile fills it, --into needs another"));
        return ErrorBody::from(failure).into_response();
    }
    answer(&admin, move |admin, publishing, tell| async move {
        let Refilled { subjects, resumed, published, position, .. } =
            publishing.refill(&admin.service.background, fill.from, into, tell).await?;
        Ok(Step::Filled(Filled { subjects, resumed, published, position: position.0 }))
    })
}

/// Does the work on a task of its own, and answers with its progress and its end, a line each.
fn answer<F>(admin: &Admin, work: impl FnOnce(Admin, Arc<Publishing>, Tell) -> F + Send + 'static) -> Response
where
    F: Future<Output = Result<Step, RepairError>> + Send,
{
    let Some(publishing) = admin.service.publishing.clone() else {
        let failure = Failure::Usage("nothing is published: the configuration names no server in nats.url".to_owned());
        return ErrorBody::from(failure).into_response();
    };
    let (sender, receiver) = mpsc::channel(16);
    let (admin, lines) = (admin.clone(), sender.clone());
    // Progress that nobody takes in time is left out.
    let tell: Tell = Arc::new(move |progress: &Progress| drop(line(&Step::Progress(far(progress))).map(|line| lines.try_send(line))));
    tokio::spawn(async move {
        let last = work(admin, publishing, tell).await.unwrap_or_else(|error| Step::Failed(failure(&error).into()));
        if let Some(line) = line(&last) {
            // Who asked may have gone.
            drop(sender.send(line).await);
        }
    });
    let lines = futures_util::stream::unfold(receiver, |mut receiver| async {
        let line: Bytes = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), receiver))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

fn line(step: &Step) -> Option<Bytes> {
    let mut line = serde_json::to_vec(step).ok()?;
    line.push(b'\n');
    Some(line.into())
}

fn failure(error: &RepairError) -> Failure {
    match error {
        RepairError::NotEmpty(_) | RepairError::Halt(_) => Failure::Refused(crate::failure::chain(error)),
        RepairError::Connection(_) | RepairError::Stream(_) | RepairError::Messages(_) | RepairError::Feed(_) | RepairError::Stopped => {
            Failure::Unavailable(crate::failure::chain(error))
        }
        RepairError::Cursor(_) => Failure::from_error(error),
    }
}

fn far(progress: &Progress) -> Far {
    let Progress { compared, to_compare, published, waiting, .. } = progress.clone();
    Far { compared, to_compare, published, waiting }
}

fn findings(stream: &StreamName, found: Reconciled) -> Findings {
    Findings {
        stream: stream.to_string(),
        made: found.made,
        compared: found.compared,
        holes: found.holes.iter().map(|hole| (hole.first.0, hole.last.0, hole.events)).collect(),
        missing: found.missing,
        strangers: found.strangers.iter().map(|message| (message.sequence, message.id, message.position.map(|at| at.0))).collect(),
        stranger_count: found.stranger_count,
        published: found.published,
    }
}
