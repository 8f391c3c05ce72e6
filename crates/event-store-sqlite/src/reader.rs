//! Reading: a few connections, each used by one blocking task at a time.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use event_store::{Direction, Position, ReadError, Recorded, StreamId};
use jiff::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, params};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::batch::integer;
use crate::schema::{Role, connect};

/// The most rows read in one go: a longer page is read in several, since an open read keeps the write-ahead log from
/// starting over. Events never change, so the parts fit together.
const AT_ONCE: usize = 1024;

/// Metadata and data of events are kept in blocks of about this many bytes, many events to a block: whoever keeps one
/// event keeps its block, and a replay asks for memory once in a while instead of twice per event.
const BLOCK_BYTES: usize = 16_384;

const STREAM_FORWARDS: &str = "
SELECT position, version, type, recorded_at, id, metadata, data
  FROM events
 WHERE stream = ?1 AND version >= ?2
 ORDER BY version
 LIMIT ?3";

const STREAM_BACKWARDS: &str = "
SELECT position, version, type, recorded_at, id, metadata, data
  FROM events
 WHERE stream = ?1 AND version <= ?2
 ORDER BY version DESC
 LIMIT ?3";

// LEFT: an event whose stream is missing is damage to be told, not to be left out. Streams are numbered in the order of their first events, so the one that belongs to
// an event is mostly where the last one was, or next to it, where SQLite finds it without a search.
const ALL_FORWARDS: &str = "
SELECT position, version, type, recorded_at, events.id, metadata, data, category, key
  FROM events LEFT JOIN streams ON streams.id = events.stream
 WHERE position > ?1
 ORDER BY position
 LIMIT ?2";

const ALL_BACKWARDS: &str = "
SELECT position, version, type, recorded_at, events.id, metadata, data, category, key
  FROM events LEFT JOIN streams ON streams.id = events.stream
 WHERE position < ?1
 ORDER BY position DESC
 LIMIT ?2";

/// Connections for reading, opened when first needed.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Reader>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, count: usize) -> Self {
        Self { path, permits: Arc::new(Semaphore::new(count.max(1))), idle: Mutex::default() }
    }

    /// Runs a read on a connection of its own, off the async threads.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&mut Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|error| ReadError::Unavailable(error.into()))?;
        let readers = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().pop();
            let mut reader = match idle {
                Some(reader) => reader,
                None => Reader::open(&readers.path).map_err(unavailable)?,
            };
            let result = read(&mut reader);
            readers.idle.lock().push(reader);
            drop(permit);
            result
        });
        task.await.map_err(|error| ReadError::Unavailable(error.into()))?
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close(&self) {
        self.permits.close();
        self.idle.lock().clear();
    }
}

/// A connection for reading, and the names it has met.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    names: Names,
}

/// The few names of kinds and types by their number in the file, which never changes once committed.
#[derive(Debug, Default)]
struct Names {
    categories: Vec<Option<Arc<str>>>,
    types: Vec<Option<Arc<str>>>,
}

impl Reader {
    pub(crate) fn open(path: &std::path::Path) -> rusqlite::Result<Self> {
        Ok(Self { connection: connect(path, Role::Reader, OpenFlags::empty())?, names: Names::default() })
    }

    pub(crate) fn stream(&mut self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let Some(number) = self.stream_number(stream).map_err(|error| failed(error, stream))? else { return Ok(Vec::new()) };
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
            let read = self
                .page(query, params![number, integer(from), rows(count)], Some(stream), &mut events)
                .map_err(|error| failed(error, stream))?;
            if read < count {
                break;
            }
        }
        Ok(events)
    }

    pub(crate) fn all(&mut self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let mut events: Vec<Recorded> = Vec::new();
        while events.len() < limit {
            let after = events.last().map_or(after, |event| event.position);
            let start = events.len();
            let count = AT_ONCE.min(limit - start);
            let read = self
                .page(ALL_FORWARDS, params![integer(after.0), rows(count)], None, &mut events)
                .map_err(|error| failed(error, &after))?;
            no_gap(after, events.get(start..).unwrap_or_default())?;
            if read < count {
                break;
            }
        }
        Ok(events)
    }

    pub(crate) fn all_backwards(&mut self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let mut events: Vec<Recorded> = Vec::new();
        while events.len() < limit {
            let before = events.last().map_or(before, |event| event.position);
            let count = AT_ONCE.min(limit - events.len());
            let read = self
                .page(ALL_BACKWARDS, params![integer(before.0), rows(count)], None, &mut events)
                .map_err(|error| failed(error, &before))?;
            if read < count {
                break;
            }
        }
        Ok(events)
    }

    fn stream_number(&self, stream: &StreamId) -> rusqlite::Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT id FROM streams WHERE key = ?1 AND category = (SELECT id FROM categories WHERE name = ?2)")?
            .query_row(params![stream.key.as_bytes(), &*stream.category], |row| row.get(0))
            .optional()
    }

    /// Adds the rows of one query to the events, and says how many.
    fn page(
        &mut self,
        query: &str,
        params: impl rusqlite::Params,
        stream: Option<&StreamId>,
        events: &mut Vec<Recorded>,
    ) -> rusqlite::Result<usize> {
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query(params)?;
        let start = events.len();
        let mut block = BytesMut::new();
        while let Some(row) = rows.next()? {
            events.push(self.names.event(&self.connection, row, stream, &mut block)?);
        }
        Ok(events.len() - start)
    }
}

impl Names {
    /// A row of the queries above. Of a row that has no name of its stream, the stream is known.
    fn event(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
        stream: Option<&StreamId>,
        block: &mut BytesMut,
    ) -> rusqlite::Result<Recorded> {
        let stream = match stream {
            Some(stream) => stream.clone(),
            None => StreamId {
                category: name(connection, &mut self.categories, "SELECT name FROM categories WHERE id = ?1", row.get(7)?)?,
                key: Uuid::from_bytes(row.get(8)?),
            },
        };
        let micros = row.get(3)?;
        let (metadata, data) = (row.get_ref(5)?.as_blob()?, row.get_ref(6)?.as_blob()?);
        if block.capacity() < metadata.len() + data.len() {
            // The first block of a page is small: most streams are short.
            let size = if block.capacity() == 0 { BLOCK_BYTES / 8 } else { BLOCK_BYTES };
            *block = BytesMut::with_capacity(size.max(metadata.len() + data.len()));
        }
        Ok(Recorded {
            position: Position(number(row, 0)?),
            stream,
            version: number(row, 1)?,
            event_type: name(connection, &mut self.types, "SELECT name FROM types WHERE id = ?1", row.get(2)?)?,
            recorded_at: Timestamp::from_microsecond(micros).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(3, micros))?,
            id: Uuid::from_bytes(row.get(4)?),
            metadata: keep(block, metadata),
            data: keep(block, data),
        })
    }
}

/// Copies into the block, which has the room.
fn keep(block: &mut BytesMut, bytes: &[u8]) -> Bytes {
    block.extend_from_slice(bytes);
    block.split().freeze()
}

fn name(connection: &Connection, known: &mut Vec<Option<Arc<str>>>, query: &str, number: i64) -> rusqlite::Result<Arc<str>> {
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    if let Some(Some(name)) = known.get(place) {
        return Ok(Arc::clone(name));
    }
    let name: Arc<str> = connection.prepare_cached(query)?.query_row([number], |row| Ok(Arc::from(row.get_ref(0)?.as_str()?)))?;
    // Names are numbered from 1 on, so this never grows to its bound but for a damaged file.
    if place < 65_536 {
        known.resize(known.len().max(place + 1), None);
        if let Some(place) = known.get_mut(place) {
            *place = Some(Arc::clone(&name));
        }
    }
    Ok(name)
}

/// A LIMIT. At most [`AT_ONCE`], so nothing is cut off.
fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let stored: i64 = row.get(column)?;
    u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
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

fn failed(error: rusqlite::Error, at: &dyn std::fmt::Display) -> ReadError {
    let damaged = match error.sqlite_error_code() {
        Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
        // The file was read, but what it says is not what this code writes.
        None => true,
    };
    if damaged { ReadError::Damaged { at: at.to_string(), what: error.to_string() } } else { unavailable(error) }
}

pub(crate) fn unavailable(error: rusqlite::Error) -> ReadError {
    ReadError::Unavailable(error.into())
}
