//! One stream, filled from the feed: connecting, comparing, publishing, and again after a failure.
//!
//! A message says which sequence the stream's last message must have for it to be stored. So whatever was sent, lost, sent again or
//! sent by two publishers at once, the stream takes each event once and in order, and whoever fails only has to look where it stands.

use std::sync::Arc;

use projection_runtime::Fence;
use public_events::Position;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::agreement::{Disagreement, Verdict, compare};
use crate::connection::{Connection, ConnectionError};
use crate::cursor::{Cursor, CursorError};
use crate::cursor_place::CursorPlace;
use crate::feed::{Feed, FeedError, event_at};
use crate::message::{Label, MessageError};
use crate::pause::{Pause, chance};
use crate::pump::Pump;
use crate::settings::Settings;
use crate::status::Board;
use crate::stream::{self, Look, StreamError};

/// How often a disagreement is seen before it is believed: a cluster that has just lost its leader may tell an older state.
const LOOKS: u32 = 3;

/// After how many failures the pause grows no more while another publisher is at work: it may end at any time.
const RIVAL_FAILURES: u32 = 5;

/// Why publishing cannot go on without somebody.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Cursor and stream disagree.
    #[error(transparent)]
    Disagreement(#[from] Disagreement),
    /// An event cannot be published. Nothing is ever passed over.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The cursor cannot be read.
    #[error(transparent)]
    Cursor(CursorError),
    /// The stream is not made for events.
    #[error(transparent)]
    Stream(StreamError),
}

/// Until when to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Until told to stop.
    Forever,
    /// Until everything is published that there is.
    Everything,
}

/// How one connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Told to stop.
    Told,
    /// Everything is published.
    Everything,
    /// Something is in the way, for the moment.
    Again(String),
    /// Another publisher is at work.
    Rival,
    /// Cursor and stream disagree.
    Disagree(Disagreement),
    /// Somebody is needed.
    Halt(Halt),
}

impl From<FeedError> for End {
    fn from(error: FeedError) -> Self {
        Self::Again(causes(&error))
    }
}

impl From<ConnectionError> for End {
    fn from(error: ConnectionError) -> Self {
        Self::Again(causes(&error))
    }
}

impl From<StreamError> for End {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Unavailable { .. } => Self::Again(causes(&error)),
            StreamError::Unfit { .. } => Self::Halt(Halt::Stream(error)),
        }
    }
}

impl From<CursorError> for End {
    fn from(error: CursorError) -> Self {
        match error {
            CursorError::File { .. } | CursorError::Row { .. } | CursorError::Superseded { .. } => Self::Again(causes(&error)),
            CursorError::Damaged { .. } => Self::Halt(Halt::Cursor(error)),
        }
    }
}

/// Where to go on: what is in the stream for certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) sequence: u64,
    pub(crate) position: Position,
    pub(crate) message: Option<Uuid>,
    /// What subjects begin with that the stream takes.
    pub(crate) inbound: String,
}

/// Fills one stream.
pub(crate) struct Worker {
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) settings: Settings,
    pub(crate) place: CursorPlace,
    /// Under which holding of the lease it publishes; none: it repairs.
    fence: Option<Fence>,
    pub(crate) pause: Arc<dyn Pause>,
    pub(crate) board: Board,
    /// The cursor as it was read or written last.
    pub(crate) cursor: Option<Cursor>,
    /// The last sequence that this publisher knows to be its own doing, or to have been there when it started; none before it looked.
    pub(crate) own: Option<u64>,
    /// While another publisher is at work: the stream's last sequence when that was noticed last.
    pub(crate) rival: Option<u64>,
    /// Disagreements seen in a row.
    suspicions: u32,
    failures: u32,
}

impl Worker {
    pub(crate) fn new(feed: Arc<dyn Feed>, mut settings: Settings, place: CursorPlace, pause: Arc<dyn Pause>) -> Self {
        settings.in_flight = settings.in_flight.max(1);
        // Less would have messages wait for the cursor instead of for their acknowledgement.
        settings.batch = settings.batch.max(u64::try_from(settings.in_flight).unwrap_or(u64::MAX).saturating_mul(2));
        let board = Board::new(settings.stream.name.as_str());
        Self { feed, settings, place, fence: None, pause, board, cursor: None, own: None, rival: None, suspicions: 0, failures: 0 }
    }

    /// The lease was gained. What was known of the stream before, others may have changed.
    pub(crate) fn take_up(&mut self, fence: Fence) {
        (self.fence, self.cursor, self.own, self.rival) = (Some(fence), None, None, None);
        (self.suspicions, self.failures) = (0, 0);
        self.board.connecting();
    }

    /// Works until the goal is reached or it is told to stop.
    pub(crate) async fn work(&mut self, goal: Goal, stop: &CancellationToken) -> Result<(), Halt> {
        loop {
            let published = self.board.published();
            let end = self.session(goal, stop).await;
            if self.board.published() > published {
                self.failures = 0;
            }
            self.failures = self.failures.saturating_add(1);
            let reason = match end {
                End::Told | End::Everything => return Ok(()),
                End::Halt(halt) => return Err(halt),
                End::Again(reason) => reason,
                End::Rival => {
                    self.failures = self.failures.min(RIVAL_FAILURES);
                    format!("another publisher is at work on the stream {}", self.settings.stream.name)
                }
                End::Disagree(disagreement) => {
                    self.suspicions += 1;
                    if self.suspicions >= LOOKS {
                        return Err(Halt::Disagreement(disagreement));
                    }
                    format!("{disagreement} (looking again, to be sure)")
                }
            };
            let wait = self.settings.backoff.after(self.failures, chance());
            self.board.waiting(reason, &*self.feed, &*self.pause);
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.pause.pause(wait) => {}
            }
        }
    }

    /// One connection, from its beginning to its end.
    async fn session(&mut self, goal: Goal, stop: &CancellationToken) -> End {
        self.board.connecting();
        let opened = tokio::select! {
            () = stop.cancelled() => return End::Told,
            opened = Connection::open(&self.settings) => opened,
        };
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(error) => return error.into(),
        };
        let settled = tokio::select! {
            () = stop.cancelled() => return End::Told,
            settled = self.settle(&connection) => settled,
        };
        let end = match settled {
            Ok(tail) => Pump::new(self, tail).run(&mut connection, goal, stop).await,
            Err(end) => end,
        };
        match (end, connection.objection()) {
            (End::Again(reason), Some(objection)) => End::Again(format!("{reason} (the server objects: {objection})")),
            (end, _) => end,
        }
    }

    /// Compares cursor and stream, and says where to go on.
    pub(crate) async fn settle(&mut self, connection: &Connection) -> Result<Tail, End> {
        self.cursor = self.place.read(self.fence).await?;
        let name = self.settings.stream.name.clone();
        let epoch = self.feed.epoch();
        let look = stream::look(&connection.context, &name).await?;
        // Who watches another publisher does not wonder how far that comes.
        let allowed = if self.rival.is_some() { u64::MAX } else { self.settings.batch };
        let (cursor, look) = match (compare(name.as_str(), self.cursor.as_ref(), look.as_ref(), epoch, allowed), look) {
            (Verdict::Disagree(disagreement), _) => return Err(End::Disagree(disagreement)),
            (Verdict::Begin, Some(look)) => (self.begin(&look, Position(0)).await?, look),
            (Verdict::Make, _) => {
                let look = stream::make(&connection.context, &self.settings.stream, false).await?;
                (self.begin(&look, Position(0)).await?, look)
            }
            (Verdict::Adopt(label), Some(look)) => (self.adopt(label, &look).await?, look),
            (Verdict::Agree, Some(look)) => {
                let Some(cursor) = self.cursor.clone() else { return Err(End::Again("the cursor is gone".to_owned())) };
                (cursor, look)
            }
            (Verdict::Begin | Verdict::Agree | Verdict::Adopt(_), None) => return Err(End::Again("the stream is gone".to_owned())),
        };
        self.suspicions = 0;
        self.board.at(cursor.position, cursor.sequence, 0);
        self.watch_rival(look.last)?;
        Ok(Tail { sequence: cursor.sequence, position: cursor.position, message: cursor.message, inbound: look.inbound })
    }

    /// Whether somebody else fills the stream: then it is left to them as long as they do.
    fn watch_rival(&mut self, last: u64) -> Result<(), End> {
        let foreign = self.own.is_some_and(|own| last > own);
        self.own = self.own.max(Some(last));
        let at_work = match self.rival {
            Some(seen) => last != seen,
            None => foreign,
        };
        self.rival = at_work.then_some(last);
        if at_work { Err(End::Rival) } else { Ok(()) }
    }

    /// The first cursor of a stream that nothing was published to.
    pub(crate) async fn begin(&mut self, look: &Look, position: Position) -> Result<Cursor, End> {
        if look.last > 0 {
            // Asked to make a stream, servers also give one that somebody has just made and filled.
            let stream = self.settings.stream.name.to_string();
            return Err(End::Disagree(Disagreement::NoCursor { stream, messages: look.messages }));
        }
        let cursor = Cursor {
            stream: self.settings.stream.name.to_string(),
            created: look.created,
            sequence: 0,
            message: None,
            position,
            epoch: self.feed.epoch(),
            missing: 0,
        };
        self.save(cursor.clone()).await?;
        Ok(cursor)
    }

    /// The stream is ahead: its last message is looked up in the log, where as many events must lie between as messages do.
    async fn adopt(&mut self, label: Label, look: &Look) -> Result<Cursor, End> {
        let Some(old) = self.cursor.clone() else { return Err(End::Again("the cursor is gone".to_owned())) };
        let ahead = look.last.saturating_sub(old.sequence);
        let last = if ahead <= self.settings.batch {
            let between = self.feed.page(old.position, usize::try_from(ahead).unwrap_or(usize::MAX)).await?;
            let complete = u64::try_from(between.len()).is_ok_and(|count| count == ahead);
            between.into_iter().next_back().filter(|_| complete)
        } else {
            event_at(&*self.feed, label.position).await?
        };
        if last.is_none_or(|event| event.id != label.id) {
            if self.feed.reached() < label.position {
                return Err(End::Again("the stream is ahead of what can be read of the log here".to_owned()));
            }
            let stream = self.settings.stream.name.to_string();
            return Err(End::Disagree(Disagreement::Foreign { stream, last: look.last }));
        }
        tracing::info!(stream = old.stream, from = old.sequence, to = look.last, position = %label.position, "what the stream holds is adopted");
        let cursor = Cursor { sequence: look.last, message: Some(label.id), position: label.position, ..old };
        self.save(cursor.clone()).await?;
        Ok(cursor)
    }

    /// Writes the cursor, durably.
    pub(crate) async fn save(&mut self, cursor: Cursor) -> Result<(), CursorError> {
        self.place.write(&cursor, self.fence).await?;
        self.cursor = Some(cursor);
        Ok(())
    }
}

/// An error and what caused it, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
