//! Reading: a few connections, pages of events.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use event_store::{Direction, Position, ReadError, Recorded, StreamId};
use jiff::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};

use crate::connections::Connections;
use crate::names::{self, Known, Names};
use crate::session::{integer, natural};

/// The most rows read in one go. Events never change, so the parts of a longer page fit together.
const AT_ONCE: usize = 1024;

/// Metadata and data of events are kept in blocks of about this many bytes, many events to a block: whoever keeps one event keeps its
/// block, and a replay asks for memory once in a while instead of twice per event.
const BLOCK_BYTES: usize = 16_384;

const STREAM_FORWARDS: &str = "
SELECT position, version, type, recorded_at, id, metadata, data
  FROM events
 WHERE key = $1 AND category = $2 AND version >= $3
 ORDER BY version
 LIMIT $4";

const STREAM_BACKWARDS: &str = "
SELECT position, version, type, recorded_at, id, metadata, data
  FROM events
 WHERE key = $1 AND category = $2 AND version <= $3
 ORDER BY version DESC
 LIMIT $4";

const ALL_FORWARDS: &str = "
SELECT position, version, type, recorded_at, id, metadata, data, category, key
  FROM events
 WHERE position > $1
 ORDER BY position
 LIMIT $2";

const ALL_BACKWARDS: &str = "
SELECT position, version, type, recorded_at, id, metadata, data, category, key
  FROM events
 WHERE position < $1
 ORDER BY position DESC
 LIMIT $2";

/// Connections for reading, and the names they have met.
#[derive(Debug)]
pub(crate) struct Readers {
    pub(crate) connections: Connections,
    pub(crate) names: Arc<Names>,
}

/// A row that is not what this code writes.
#[derive(Debug)]
enum Unread {
    /// It has a number of a name that is not known here.
    Name,
    Column(sqlx::Error),
    Damaged(&'static str),
}

impl From<sqlx::Error> for Unread {
    fn from(error: sqlx::Error) -> Self {
        Self::Column(error)
    }
}

impl Readers {
    pub(crate) async fn stream(
        &self,
        stream: &StreamId,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let Some(category) = self.category(&stream.category).await? else { return Ok(Vec::new()) };
        let query = match direction {
            Direction::Forwards => STREAM_FORWARDS,
            Direction::Backwards => STREAM_BACKWARDS,
        };
        let mut events: Vec<Recorded> = Vec::new();
        while events.len() < limit {
            let from = match (events.last(), direction) {
                (None, _) => from,
                (Some(last), Direction::Forwards) => last.version + 1,
                (Some(last), Direction::Backwards) => match last.version.checked_sub(1) {
                    Some(version) => version,
                    None => break,
                },
            };
            let count = AT_ONCE.min(limit - events.len());
            let page = || sqlx::query(query).bind(stream.key).bind(category).bind(integer(from)).bind(rows(count));
            let read = self.page(page, Some(stream), &stream, &mut events).await?;
            if read < count {
                break;
            }
        }
        Ok(events)
    }

    pub(crate) async fn all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let mut events: Vec<Recorded> = Vec::new();
        while events.len() < limit {
            let after = events.last().map_or(after, |event| event.position);
            let start = events.len();
            let count = AT_ONCE.min(limit - start);
            let page = || sqlx::query(ALL_FORWARDS).bind(integer(after.0)).bind(rows(count));
            let read = self.page(page, None, &after, &mut events).await?;
            no_gap(after, events.get(start..).unwrap_or_default())?;
            if read < count {
                break;
            }
        }
        Ok(events)
    }

    pub(crate) async fn all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let mut events: Vec<Recorded> = Vec::new();
        while events.len() < limit {
            let before = events.last().map_or(before, |event| event.position);
            let count = AT_ONCE.min(limit - events.len());
            let page = || sqlx::query(ALL_BACKWARDS).bind(integer(before.0)).bind(rows(count));
            let read = self.page(page, None, &before, &mut events).await?;
            if read < count {
                break;
            }
        }
        Ok(events)
    }

    /// The number of a kind of streams; none if there is no stream of the kind.
    pub(crate) async fn category(&self, name: &str) -> Result<Option<i32>, ReadError> {
        if let Some(number) = self.names.known().categories.number(name) {
            return Ok(Some(number));
        }
        Ok(self.reload().await?.categories.number(name))
    }

    async fn reload(&self) -> Result<Arc<Known>, ReadError> {
        let rows = self.connections.rows(|| sqlx::query(names::KNOWN)).await.map_err(unavailable)?;
        self.names.learn(&rows).map_err(unavailable)
    }

    /// Adds the rows of one query to the events, and says how many.
    async fn page<'q>(
        &self,
        query: impl Fn() -> Query<'q, Postgres, PgArguments>,
        stream: Option<&StreamId>,
        at: &(dyn std::fmt::Display + Sync),
        events: &mut Vec<Recorded>,
    ) -> Result<usize, ReadError> {
        let rows = self.connections.rows(query).await.map_err(unavailable)?;
        let start = events.len();
        events.reserve(rows.len());
        let damaged = |what: String| ReadError::Damaged { at: at.to_string(), what };
        let mut known = self.names.known();
        let mut block = BytesMut::new();
        let mut reloaded = false;
        let mut rows = rows.iter();
        let mut next = rows.next();
        while let Some(row) = next {
            match event(row, stream, &known, &mut block) {
                Ok(event) => {
                    events.push(event);
                    next = rows.next();
                }
                // Names are committed before the events that bear them.
                Err(Unread::Name) if !reloaded => {
                    known = self.reload().await?;
                    reloaded = true;
                }
                Err(Unread::Name) => return Err(damaged("its kind or its type has no name".to_owned())),
                Err(Unread::Column(error)) => return Err(damaged(error.to_string())),
                Err(Unread::Damaged(what)) => return Err(damaged(what.to_owned())),
            }
        }
        Ok(events.len() - start)
    }
}

/// A row of the queries above. Of a row that has no name of its stream, the stream is known.
fn event(row: &PgRow, stream: Option<&StreamId>, known: &Known, block: &mut BytesMut) -> Result<Recorded, Unread> {
    let stream = match stream {
        Some(stream) => stream.clone(),
        None => {
            let category = Arc::clone(known.categories.name(row.try_get(7)?).ok_or(Unread::Name)?);
            StreamId { category, key: row.try_get(8)? }
        }
    };
    let event_type = Arc::clone(known.types.name(row.try_get(2)?).ok_or(Unread::Name)?);
    let recorded_at = Timestamp::from_microsecond(row.try_get(3)?).map_err(|_| Unread::Damaged("its recorded time is none"))?;
    let (metadata, data): (&[u8], &[u8]) = (row.try_get(5)?, row.try_get(6)?);
    if block.capacity() < metadata.len() + data.len() {
        // The first block of a page is small: most streams are short.
        let size = if block.capacity() == 0 { BLOCK_BYTES / 8 } else { BLOCK_BYTES };
        *block = BytesMut::with_capacity(size.max(metadata.len() + data.len()));
    }
    Ok(Recorded {
        position: Position(natural(row.try_get(0)?)),
        stream,
        version: natural(row.try_get(1)?),
        event_type,
        recorded_at,
        id: row.try_get(4)?,
        metadata: keep(block, metadata),
        data: keep(block, data),
    })
}

/// Copies into the block, which has the room.
fn keep(block: &mut BytesMut, bytes: &[u8]) -> Bytes {
    block.extend_from_slice(bytes);
    block.split().freeze()
}

/// Positions have no gaps here, so one that is missing was lost: better to stop than to pass over an event.
fn no_gap(after: Position, events: &[Recorded]) -> Result<(), ReadError> {
    let mut last = after.0;
    for event in events {
        if event.position.0 - last != 1 {
            return Err(ReadError::Damaged {
                at: format!("position {}", last + 1),
                what: format!("the event is missing; the next one is at {}", event.position),
            });
        }
        last = event.position.0;
    }
    Ok(())
}

/// A LIMIT. At most [`AT_ONCE`], so nothing is cut off.
fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn unavailable(error: sqlx::Error) -> ReadError {
    ReadError::Unavailable(error.into())
}
