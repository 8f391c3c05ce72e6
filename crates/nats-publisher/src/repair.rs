//! What `reconcile` and `refill` have in common.

use tokio_util::sync::CancellationToken;

use crate::connection::ConnectionError;
use crate::cursor::CursorError;
use crate::feed::FeedError;
use crate::stream::StreamError;
use crate::worker::{End, Goal, Halt, Worker, causes};

/// How far a repair has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Messages of the stream that were compared with the log.
    pub compared: u64,
    /// How many there are to compare.
    pub to_compare: u64,
    /// Events that were published.
    pub published: u64,
    /// How many events of the log, those that are not public included, lie between the last one published and the log's end.
    pub lag: u64,
    /// What is in the way at the moment, if something is; it is tried again.
    pub waiting: Option<String>,
}

/// Why a repair did not come to its end. What it did is right, and done again it goes on.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// No server can be reached.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The stream cannot be seen or made.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The stream's messages cannot be read.
    #[error("the messages of the stream cannot be read: {0}")]
    Messages(String),
    /// The log cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The cursor cannot be read or written.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// Publishing stopped.
    #[error(transparent)]
    Halt(#[from] Halt),
    /// The stream to be filled holds messages already, which this did not write.
    #[error("the stream {0} holds messages already: name one that is empty, or that is not there yet")]
    NotEmpty(String),
    /// Told to stop.
    #[error("stopped before the end")]
    Stopped,
}

impl From<End> for RepairError {
    fn from(end: End) -> Self {
        match end {
            End::Told | End::Everything => Self::Stopped,
            End::Again(reason) => Self::Messages(reason),
            End::Rival => Self::Messages("another publisher is at work".to_owned()),
            End::Disagree(disagreement) => Self::Halt(Halt::Disagreement(disagreement)),
            End::Halt(halt) => Self::Halt(halt),
        }
    }
}

/// Publishes everything there is, and tells how far that is.
pub(crate) async fn publish_all(
    worker: &mut Worker,
    stop: &CancellationToken,
    told: &Progress,
    progress: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<u64, RepairError> {
    let mut status = worker.board.watch();
    let tell = |status: &crate::PublisherStatus| {
        let waiting = match &status.state {
            crate::PublisherState::Waiting { reason, .. } => Some(reason.clone()),
            crate::PublisherState::Connecting
            | crate::PublisherState::Publishing
            | crate::PublisherState::Idle
            | crate::PublisherState::Elsewhere
            | crate::PublisherState::Stopped { .. } => None,
        };
        progress(&Progress { published: status.published, lag: status.lag, waiting, ..told.clone() });
    };
    let work = worker.work(Goal::Everything, stop);
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            result = &mut work => {
                result?;
                break;
            }
            Ok(()) = status.changed() => tell(&status.borrow_and_update()),
        }
    }
    tell(&status.borrow());
    if stop.is_cancelled() { Err(RepairError::Stopped) } else { Ok(status.borrow().published) }
}

/// What a client says of a failure, with its causes.
pub(crate) fn messages(error: &(dyn std::error::Error + 'static)) -> RepairError {
    RepairError::Messages(causes(error))
}
