//! What can be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{Actor, CommandId, EventId};
use jiff::Timestamp;
use projection_runtime::sql::Value;
use projection_runtime::table::{Column, load, select};
use projection_runtime::{Position, StreamId};
use serde::Serialize;
use sqlx::AnyConnection;

use crate::Subject;
use crate::rows::{Concern, Event, Inclusion, Kind, Thing, select_any};

/// Which way a history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The oldest first.
    #[default]
    Forward,
    /// The newest first.
    Backward,
}

/// An event of a history: everything but what it says, which the log has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Where it stands in the log.
    pub position: u64,
    /// The kind of its stream.
    pub category: String,
    /// The key of its stream.
    pub key: uuid::Uuid,
    /// Place in its stream, from 0.
    pub version: u64,
    /// Its id.
    pub event: EventId,
    /// Its name and version.
    pub event_type: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// From where.
    pub from: String,
    /// By which command.
    pub command: CommandId,
    /// The event that a process manager answered with it.
    pub cause: Option<EventId>,
}

impl Entry {
    /// Its stream.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        StreamId::new(Arc::from(self.category.as_str()), self.key)
    }
}

/// The positions of the events that concern a subject, in order, beyond `after` (`None`: from the beginning, or the end when
/// read backward): at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn positions(
    conn: &mut AnyConnection,
    subject: Subject,
    after: Option<Position>,
    limit: u32,
    direction: Direction,
) -> Result<Vec<Position>, sqlx::Error> {
    let (rest, start) = match direction {
        Direction::Forward => ("WHERE subject = $1 AND position > $2 ORDER BY position LIMIT $3", Position::START),
        Direction::Backward => ("WHERE subject = $1 AND position < $2 ORDER BY position DESC LIMIT $3", Position(i64::MAX.unsigned_abs())),
    };
    let after = after.unwrap_or(start).0.value()?;
    let mut found = BTreeSet::new();
    // A page of each is more than a page of all: few subjects are part of one, so this stays cheap however long they are.
    for part in parts(conn, subject).await? {
        let parameters = vec![Value::Int(Some(part)), after.clone(), Value::Int(Some(i64::from(limit)))];
        found.extend(select::<Concern>(conn, rest, parameters).await?.into_iter().map(|row| Position(row.position)));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(match direction {
        Direction::Forward => found.into_iter().take(limit).collect(),
        Direction::Backward => found.into_iter().rev().take(limit).collect(),
    })
}

/// The numbers of a subject and of all whose histories are part of its own: of an organization, its case and its invitations.
async fn parts(conn: &mut AnyConnection, subject: Subject) -> Result<BTreeSet<i64>, sqlx::Error> {
    let (kind, key) = subject.thing();
    let found: Vec<Thing> = load(conn, [(key.to_string(), kind.code())]).await?;
    let mut open: Vec<i64> = found.into_iter().map(|thing| thing.id).collect();
    let mut parts = BTreeSet::new();
    while let Some(next) = open.pop() {
        if parts.insert(next) {
            let inner: Vec<Inclusion> = select(conn, "WHERE subject = $1", vec![Value::Int(Some(next))]).await?;
            open.extend(inner.into_iter().map(|row| row.included));
        }
    }
    Ok(parts)
}

/// The history of a subject, in order, beyond `after` (`None`: from the beginning, or the end when read backward): at most
/// `limit` events. The reader fetches and opens them from the log by their positions.
///
/// # Errors
/// When the database fails.
pub async fn history(
    conn: &mut AnyConnection,
    subject: Subject,
    after: Option<Position>,
    limit: u32,
    direction: Direction,
) -> Result<Vec<Entry>, sqlx::Error> {
    let positions = positions(conn, subject, after, limit, direction).await?;
    let mut events: Vec<Event> = load(conn, positions.into_iter().map(|position| (position.0,))).await?;
    events.sort_by_key(|event| event.position);
    if direction == Direction::Backward {
        events.reverse();
    }
    let mut entries = Vec::with_capacity(events.len());
    let streams = streams(conn, events.iter().map(|event| event.stream).collect()).await?;
    for event in events {
        let Some(stream) = streams.get(&event.stream) else {
            return Err(sqlx::Error::Protocol(format!("the event at {} has a stream without a name", event.position)));
        };
        entries.push(entry(event, stream));
    }
    Ok(entries)
}

fn entry(event: Event, stream: &StreamId) -> Entry {
    Entry {
        position: event.position,
        category: stream.category.to_string(),
        key: stream.key,
        version: event.version,
        event: event.event,
        event_type: event.event_type,
        recorded_at: event.recorded_at,
        actor: event.actor.0,
        from: event.came_from,
        command: event.command,
        cause: event.cause,
    }
}

/// The names of streams by their numbers.
async fn streams(conn: &mut AnyConnection, ids: BTreeSet<i64>) -> Result<BTreeMap<i64, StreamId>, sqlx::Error> {
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut names = BTreeMap::new();
    for thing in select_any::<Thing>(conn, "id", &ids).await? {
        let category = Kind::category(thing.kind).unwrap_or_default();
        let key = thing.name.parse().map_err(|error: uuid::Error| sqlx::Error::Decode(error.into()))?;
        names.insert(thing.id, StreamId::new(Arc::from(category), key));
    }
    Ok(names)
}

/// The streams that the history of a subject touches up to a position: first its own and those that are part of it, then the
/// others in the order of their first mention; at most `limit`. To show a state as it was, read each of them whole: of a stream
/// that merely mentions the subject, the history holds only some events.
///
/// # Errors
/// When the database fails.
pub async fn streams_of(
    conn: &mut AnyConnection,
    subject: Subject,
    until: Option<Position>,
    limit: u32,
) -> Result<Vec<StreamId>, sqlx::Error> {
    let sql = "SELECT DISTINCT events.stream FROM concerns JOIN events ON events.position = concerns.position
               WHERE concerns.subject = $1 AND concerns.position <= $2 ORDER BY events.stream LIMIT $3";
    let until = i64::try_from(until.map_or(u64::MAX, |until| until.0)).unwrap_or(i64::MAX);
    let parts = parts(conn, subject).await?;
    let mut found = BTreeSet::new();
    for part in &parts {
        let rows = sqlx::query(sql).bind(*part).bind(until).bind(i64::from(limit)).fetch_all(&mut *conn).await?;
        for row in &rows {
            found.insert(i64::read(row, 0)?);
        }
    }
    let names = streams(conn, found.clone()).await?;
    let (own, others): (Vec<i64>, Vec<i64>) = found.into_iter().partition(|stream| parts.contains(stream));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(own.iter().chain(&others).filter_map(|stream| names.get(stream)).take(limit).cloned().collect())
}

/// The last position that was recorded at this instant or before, if any: what "as of" means (architecture, rule 2).
///
/// # Errors
/// When the database fails.
pub async fn position_at(conn: &mut AnyConnection, instant: Timestamp) -> Result<Option<Position>, sqlx::Error> {
    let last: Vec<Event> = select(conn, "ORDER BY position DESC LIMIT 1", Vec::new()).await?;
    let Some(last) = last.first() else { return Ok(None) };
    if last.recorded_at <= instant {
        return Ok(Some(Position(last.position)));
    }
    // Recorded times never decrease with positions, so the place is found by halving, without an index on times.
    let (mut at_or_before, mut after) = (0, last.position);
    let mut found = None;
    while at_or_before + 1 < after {
        let middle = at_or_before + (after - at_or_before) / 2;
        let next: Vec<Event> = select(conn, "WHERE position >= $1 ORDER BY position LIMIT 1", vec![middle.value()?]).await?;
        match next.first() {
            Some(event) if event.recorded_at <= instant => {
                found = Some(Position(event.position));
                at_or_before = event.position;
            }
            Some(_) | None => after = middle,
        }
    }
    Ok(found)
}
