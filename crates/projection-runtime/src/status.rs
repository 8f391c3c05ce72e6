//! What the status page says of read models and consumers.

use event_store::{Clock, Position};

use crate::board::Board;
use crate::meter::Progress;

/// Further behind than this is catching up.
const LIVE_WITHIN: u64 = 1_000;

/// How a read model is.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectionStatus {
    /// Its name.
    pub name: &'static str,
    /// The version that this service has.
    pub version: u32,
    /// The version that answers reads: an older one until the new one is built. None while it is built for the first time.
    pub answers: Option<u32>,
    /// The last event that the answers reflect.
    pub position: Position,
    /// Events that it has not applied yet. A distance of positions: exact on SQL logs, which number without gaps.
    pub lag_events: u64,
    /// Seconds since the oldest event that it has begun to apply, and not finished, was recorded; 0 if it waits for events.
    pub lag_seconds: f64,
    /// What it does.
    pub state: ProjectionState,
}

/// What a read model does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectionState {
    /// Reflects the log, but for the newest events.
    Live,
    /// Applies a backlog.
    CatchingUp,
    /// Is built anew; what was there before answers meanwhile.
    Rebuilding(Progress),
    /// Tries again and again to write, since its database fails: the disk is full, say. Goes on by itself when that is over.
    Waiting {
        /// The last event that it has applied.
        position: Position,
        /// What the database said last.
        reason: String,
    },
    /// Goes no further until the service is started again or it is rebuilt.
    Stopped {
        /// The event that it cannot apply.
        position: Position,
        /// Why not.
        reason: String,
    },
}

/// The distance of two positions.
pub(crate) fn lag(head: Position, at: Position) -> u64 {
    head.0.saturating_sub(at.0)
}

/// Seconds since then.
pub(crate) fn age(clock: &Clock, since: Option<jiff::Timestamp>) -> f64 {
    since.map_or(0.0, |since| clock().duration_since(since).as_secs_f64().max(0.0))
}

/// Whether this lag counts as none.
pub(crate) fn is_live(lag_events: u64) -> bool {
    lag_events <= LIVE_WITHIN
}

pub(crate) fn of_board(board: &Board, head: Position, clock: &Clock) -> ProjectionStatus {
    let glance = board.glance();
    let lag_events = lag(head, glance.position);
    let state = match (glance.building, glance.stopped, glance.waiting) {
        (Some(progress), _, _) => ProjectionState::Rebuilding(progress),
        (None, Some((position, reason)), _) => ProjectionState::Stopped { position, reason },
        (None, None, Some((position, reason))) => ProjectionState::Waiting { position, reason },
        (None, None, None) if glance.shown_version.is_some() && is_live(lag_events) => ProjectionState::Live,
        (None, None, None) => ProjectionState::CatchingUp,
    };
    ProjectionStatus {
        name: board.name,
        version: board.version,
        answers: glance.shown_version,
        position: glance.position,
        lag_events,
        lag_seconds: age(clock, glance.behind_since),
        state,
    }
}
