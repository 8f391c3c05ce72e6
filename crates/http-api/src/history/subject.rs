//! Whose history, who may read it, and the events of it.

use audit_history::Subject;
use domain::StaffRole;
use jiff::Timestamp;
use projection_runtime::{Direction, Envelope, Position, StreamId, as_of};

use crate::access::{Granted, The};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Whose history is read, and how much of it the reader may see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    /// Whether it is an auditor. An organization's administrator does not see who of the operator's staff did what.
    pub(super) is_auditor: bool,
}

impl Asked {
    /// What the address names, and how much of it the caller is shown.
    pub(super) fn new(The(subject): The<Subject>, granted: &Granted) -> Self {
        Self { subject, is_auditor: granted.caller().is_staff(StaffRole::Auditor) }
    }
}

/// An instant in a query.
pub(super) fn instant(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let wrong = |_| Problem::malformed(format!("query:{name}"), "an instant must be RFC 3339, such as 2026-03-02T10:00:00Z");
    text.parse().map_err(wrong)
}

/// The events at these positions.
pub(super) async fn events_at(services: &Services, positions: Vec<Position>) -> Result<Vec<Envelope>, Problem> {
    let mut events = Vec::with_capacity(positions.len());
    for position in positions {
        let before = Position(position.0.saturating_sub(1));
        let found = services.handlers.store().read_all(before, 1).await.map_err(broken)?;
        if let Some(recorded) = found.first().filter(|recorded| recorded.position == position) {
            events.push(services.handlers.codec().decode(recorded).map_err(broken)?);
        }
    }
    Ok(events)
}

/// The most streams that a state is folded from, and the most events of them.
const MOST_STREAMS: u32 = 1_000;
const MOST_EVENTS: usize = 50_000;
/// How many events of a stream are read at once.
const AT_ONCE: usize = 1_000;

/// All events of all streams that the history touches up to an instant, in the order of the log.
pub(super) async fn whole(services: &Services, asked: Asked, at: ReadAt, until: Timestamp) -> Result<(Vec<Envelope>, Position), Problem> {
    let mut view = services.read(&services.views.audit_history, at).await?;
    let position = view.position();
    let last = as_of(&**services.handlers.store(), until).await.map_err(broken)?;
    // The log may be ahead of the read model, whose answer this is.
    let Some(last) = last.map(|last| last.min(position)) else { return Ok((Vec::new(), position)) };
    let streams = audit_history::streams_of(view.rows(), asked.subject, Some(last), MOST_STREAMS + 1).await.map_err(broken)?;
    drop(view);
    if streams.len() > usize::try_from(MOST_STREAMS).unwrap_or(usize::MAX) {
        return Err(too_long());
    }
    let mut events = Vec::new();
    for stream in &streams {
        read(services, stream, last, &mut events).await?;
        if events.len() > MOST_EVENTS {
            return Err(too_long());
        }
    }
    events.sort_by_key(|envelope: &Envelope| envelope.position);
    Ok((events, position))
}

async fn read(services: &Services, stream: &StreamId, last: Position, events: &mut Vec<Envelope>) -> Result<(), Problem> {
    let mut from = 0;
    loop {
        let page = services.handlers.store().read_stream(stream, from, Direction::Forwards, AT_ONCE).await.map_err(broken)?;
        let is_last = page.len() < AT_ONCE;
        for recorded in &page {
            if recorded.position > last {
                return Ok(());
            }
            events.push(services.handlers.codec().decode(recorded).map_err(broken)?);
            from = recorded.version + 1;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn too_long() -> Problem {
    Problem::new(
        axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        "history-too-long",
        "this history is too long to be folded for a page: ask for one of its persons or cases, or use `gatehouse history`",
    )
}
