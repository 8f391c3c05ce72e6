//! One transaction: appends are judged and written one after the other, in the order they were queued.

use std::collections::HashMap;
use std::sync::Arc;

use event_store::generations::Generations;
use event_store::judge::{self, Judgement};
use event_store::{Append, AppendError, Appended, Clock, NewEvent, Position, Recorded, StreamId, recorded_time};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use uuid::Uuid;

const FIND_STREAM: &str = "
SELECT id,
       (SELECT max(version) FROM events WHERE stream = streams.id)
  FROM streams
 WHERE key = ?1 AND category = ?2";

const ADD_STREAM: &str = "INSERT INTO streams (id, category, key) VALUES (?1, ?2, ?3)";

const ADD_EVENT: &str = "
INSERT INTO events (position, stream, version, type, recorded_at, id, metadata, data)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const STORED_IDS: &str = "
SELECT id, position
  FROM events
 WHERE stream = ?1 AND version BETWEEN ?2 AND ?3
 ORDER BY version";

const LAST: &str = "
SELECT coalesce((SELECT max(position) FROM events), 0),
       coalesce((SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1), -62135596800000000),
       coalesce((SELECT max(id) FROM streams), 0)";

/// What the writer keeps in memory of the file. It runs ahead of the disk within a transaction, so it is thrown away
/// when that fails.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) position: Position,
    recorded_at: Timestamp,
    last_stream: i64,
    /// Of streams that have events.
    heads: Generations<StreamId, Head>,
    categories: HashMap<Arc<str>, i64>,
    types: HashMap<Arc<str>, i64>,
}

/// What is remembered of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    /// Its number in the file.
    stream: i64,
    /// The version of its newest event.
    version: u64,
}

impl Memory {
    pub(crate) fn load(connection: &Connection, remembered_streams: usize) -> rusqlite::Result<Self> {
        let (position, micros, last_stream) =
            connection.query_row(LAST, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
        Ok(Self {
            position: Position(u64::try_from(position).unwrap_or(0)),
            recorded_at: Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MIN),
            last_stream,
            heads: Generations::new(remembered_streams),
            categories: names(connection, "SELECT name, id FROM categories")?,
            types: names(connection, "SELECT name, id FROM types")?,
        })
    }
}

fn names(connection: &Connection, query: &str) -> rusqlite::Result<HashMap<Arc<str>, i64>> {
    connection.prepare(query)?.query_map([], |row| Ok((Arc::from(row.get_ref(0)?.as_str()?), row.get(1)?)))?.collect()
}

/// A transaction being written.
pub(crate) struct Batch<'a> {
    connection: &'a Connection,
    memory: &'a mut Memory,
    recorded_at: Timestamp,
    find_stream: CachedStatement<'a>,
    add_stream: CachedStatement<'a>,
    add_event: CachedStatement<'a>,
}

impl<'a> Batch<'a> {
    /// Begins. All events of a batch get one recorded time: they become durable at one instant.
    pub(crate) fn begin(connection: &'a Connection, memory: &'a mut Memory, clock: &Clock) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        Ok(Self {
            recorded_at: recorded_time(clock, memory.recorded_at),
            find_stream: connection.prepare_cached(FIND_STREAM)?,
            add_stream: connection.prepare_cached(ADD_STREAM)?,
            add_event: connection.prepare_cached(ADD_EVENT)?,
            connection,
            memory,
        })
    }

    /// Judges one append and writes it, or says why not. The outer error means that the whole transaction is lost.
    pub(crate) fn attempt(&mut self, append: &Append) -> rusqlite::Result<Result<Appended, AppendError>> {
        if let Err(error) = judge::prerequisite(append) {
            return Ok(Err(error));
        }
        let head = self.find(&append.stream)?;
        match judge::judge(append, head.map(|head| head.version)) {
            Ok(Judgement::Write { first }) => self.write(append, head, first).map(Ok),
            Ok(Judgement::Compare { first, last }) => self.compare(append, head, first, last),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Writes an event of another log as it is: its place, its time and its bytes. False: this is not the place of the next one.
    pub(crate) fn take_over(&mut self, event: &Recorded) -> rusqlite::Result<bool> {
        let head = self.find(&event.stream)?;
        if event.position != Position(self.memory.position.0 + 1) || event.version != head.map_or(0, |head| head.version + 1) {
            return Ok(false);
        }
        let stream = match head {
            Some(head) => head.stream,
            None => self.add_stream(&event.stream)?,
        };
        self.recorded_at = event.recorded_at;
        let new = NewEvent {
            id: event.id,
            event_type: Arc::clone(&event.event_type),
            metadata: event.metadata.clone(),
            data: event.data.clone(),
        };
        self.add_event(Appended { position: event.position, version: event.version, repeated: false }, stream, &new)?;
        self.memory.position = event.position;
        self.memory.recorded_at = event.recorded_at;
        self.memory.heads.put(&event.stream, Head { stream, version: event.version });
        Ok(true)
    }

    fn find(&mut self, stream: &StreamId) -> rusqlite::Result<Option<Head>> {
        if let Some(head) = self.memory.heads.get(stream) {
            return Ok(Some(*head));
        }
        let Some(category) = self.memory.categories.get(&stream.category) else { return Ok(None) };
        let found = self
            .find_stream
            .query_row(params![stream.key.as_bytes(), category], |row| Ok(Head { stream: row.get(0)?, version: version(row.get(1)?) }))
            .optional()?;
        if let Some(head) = found {
            self.memory.heads.put(stream, head);
        }
        Ok(found)
    }

    fn write(&mut self, append: &Append, head: Option<Head>, first: u64) -> rusqlite::Result<Appended> {
        let stream = match head {
            Some(head) => head.stream,
            None => self.add_stream(&append.stream)?,
        };
        let mut made = Appended { position: self.memory.position, version: first, repeated: false };
        for (version, event) in (first..).zip(&append.events) {
            made = Appended { position: Position(made.position.0 + 1), version, repeated: false };
            self.add_event(made, stream, event)?;
        }
        self.memory.position = made.position;
        self.memory.recorded_at = self.recorded_at;
        self.memory.heads.put(&append.stream, Head { stream, version: made.version });
        Ok(made)
    }

    fn add_event(&mut self, place: Appended, stream: i64, event: &NewEvent) -> rusqlite::Result<()> {
        let event_type = name(self.connection, &mut self.memory.types, "types", &event.event_type)?;
        self.add_event.execute(params![
            integer(place.position.0),
            stream,
            integer(place.version),
            event_type,
            self.recorded_at.as_microsecond(),
            event.id.as_bytes(),
            &event.metadata[..],
            &event.data[..],
        ])?;
        Ok(())
    }

    fn add_stream(&mut self, stream: &StreamId) -> rusqlite::Result<i64> {
        let category = name(self.connection, &mut self.memory.categories, "categories", &stream.category)?;
        let id = self.memory.last_stream + 1;
        self.add_stream.execute(params![id, category, stream.key.as_bytes()])?;
        self.memory.last_stream = id;
        Ok(id)
    }

    fn compare(&mut self, append: &Append, head: Option<Head>, first: u64, last: u64) -> rusqlite::Result<Result<Appended, AppendError>> {
        let mut query = self.connection.prepare_cached(STORED_IDS)?;
        let stored: Vec<(Uuid, i64)> = query
            .query_map(params![head.map(|head| head.stream), integer(first), integer(last)], |row| {
                Ok((Uuid::from_bytes(row.get::<_, [u8; 16]>(0)?), row.get(1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let ids: Vec<Uuid> = stored.iter().map(|(id, _)| *id).collect();
        let position = Position(stored.last().and_then(|(_, position)| u64::try_from(*position).ok()).unwrap_or(0));
        Ok(judge::repeat(append, head.map(|head| head.version), &ids).map(|()| Appended { position, version: last, repeated: true }))
    }
}

/// The number of a name, which is given one if it is new.
fn name(connection: &Connection, known: &mut HashMap<Arc<str>, i64>, table: &str, name: &Arc<str>) -> rusqlite::Result<i64> {
    if let Some(id) = known.get(name) {
        return Ok(*id);
    }
    connection.execute(&format!("INSERT INTO {table} (name) VALUES (?1)"), [name])?;
    let id = connection.last_insert_rowid();
    known.insert(Arc::clone(name), id);
    Ok(id)
}

/// A version or position as SQLite keeps it. Nobody gets near the end of these numbers.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn version(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
