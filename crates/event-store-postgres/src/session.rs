//! The writer's connection: what it asks of the database, a statement each.

use std::time::Duration;

use event_store::{Epoch, Position, StreamId};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{Connection, PgConnection, PgExecutor, Row};
use uuid::Uuid;

use crate::error::Trouble;
use crate::names::Known;

/// How long the database may take for one statement, and for a new connection. Longer than the server allows a statement itself.
const STATEMENT: Duration = Duration::from_secs(6);
const CONNECT: Duration = Duration::from_secs(2);

/// Whoever comes anew waits until the last writer has ended, and shuts out what was sent before and has not arrived yet.
const TAKE_TURN: &str = "UPDATE head SET turn = turn + 1 RETURNING position, turn, epoch";

const PLACE: &str = "SELECT position, turn, epoch FROM head";

const PLACE_FOR_UPDATE: &str = "SELECT position, turn, epoch FROM head FOR UPDATE";

const ID_AT: &str = "SELECT id FROM events WHERE position = $1";

const HEADS: &str = "
SELECT u.number, e.version
  FROM UNNEST($1::uuid[], $2::int[]) WITH ORDINALITY AS u (key, category, number)
 CROSS JOIN LATERAL (SELECT version FROM events WHERE category = u.category AND key = u.key ORDER BY version DESC LIMIT 1) e";

const STORED: &str = "
SELECT id, position, metadata, data
  FROM events
 WHERE key = $1 AND category = $2 AND version BETWEEN $3 AND $4
 ORDER BY version";

/// One transaction in one statement: takes the row of `head`, which gives the positions, and writes events there. It writes nothing where
/// the turn is another's, or the log is not the one that this process knows.
///
/// That nobody else has appended to these streams since their newest versions were read is seen to by their unique index.
const APPEND: &str = "
WITH moved AS (
    UPDATE head
       SET position = position + $1,
           recorded_at = greatest(recorded_at, $2)
     WHERE turn = $3 AND epoch = $4 AND position >= $5 AND (position = $5 OR NOT $6)
 RETURNING position - $1 AS position,
           recorded_at
), new_events AS (
    INSERT INTO events (position, version, recorded_at, category, type, key, id, metadata, data)
    SELECT moved.position + u.number,
           u.version,
           moved.recorded_at,
           u.category,
           u.type,
           u.key,
           u.id,
           u.metadata,
           u.data
      FROM moved,
           UNNEST($7::bigint[], $8::int[], $9::int[], $10::uuid[], $11::uuid[], $12::bytea[], $13::bytea[])
           WITH ORDINALITY AS u (version, category, type, key, id, metadata, data, number)
)
SELECT position FROM moved";

/// Where the log ends, and who may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: i64,
    pub(crate) turn: i64,
    pub(crate) epoch: Uuid,
}

/// The newest event that this process has seen in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) position: Position,
    pub(crate) id: Uuid,
}

/// A stored event, as far as it takes to know it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) position: Position,
    pub(crate) metadata: Vec<u8>,
    pub(crate) data: Vec<u8>,
}

/// Columns to be written.
#[derive(Debug, Default)]
pub(crate) struct Columns<'a> {
    pub(crate) versions: Vec<i64>,
    pub(crate) categories: Vec<i32>,
    pub(crate) types: Vec<i32>,
    pub(crate) keys: Vec<Uuid>,
    pub(crate) ids: Vec<Uuid>,
    pub(crate) metadata: Vec<&'a [u8]>,
    pub(crate) data: Vec<&'a [u8]>,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: PgConnection,
}

impl Session {
    /// Connects and takes the turn. When this answers, nothing that this or another process has sent before will be written any more, and
    /// what was written is what this session sees.
    pub(crate) async fn open(options: &PgConnectOptions) -> Result<(Self, Place), Trouble> {
        let connection = within(CONNECT, PgConnection::connect_with(options)).await?;
        let mut session = Self { connection };
        let rows = within(STATEMENT, sqlx::query(TAKE_TURN).fetch_all(&mut session.connection)).await?;
        let place = place(&rows)?;
        Ok((session, place))
    }

    pub(crate) async fn place(&mut self) -> Result<Place, Trouble> {
        let rows = within(STATEMENT, sqlx::query(PLACE).fetch_all(&mut self.connection)).await?;
        place(&rows)
    }

    /// Begins a transaction that all other writers wait for.
    pub(crate) async fn begin(&mut self) -> Result<Place, Trouble> {
        within(STATEMENT, sqlx::query("BEGIN").execute(&mut self.connection)).await?;
        let rows = within(STATEMENT, sqlx::query(PLACE_FOR_UPDATE).fetch_all(&mut self.connection)).await?;
        place(&rows)
    }

    /// Ends it: `COMMIT` or `ROLLBACK`.
    pub(crate) async fn end(&mut self, how: &'static str) -> Result<(), Trouble> {
        within(STATEMENT, sqlx::query(how).execute(&mut self.connection)).await?;
        Ok(())
    }

    /// The newest versions of these streams, by their place in the question; streams without events are left out.
    pub(crate) async fn heads(&mut self, keys: Vec<Uuid>, categories: Vec<i32>) -> Result<Vec<(usize, u64)>, Trouble> {
        let query = sqlx::query(HEADS).bind(keys).bind(categories);
        let rows = within(STATEMENT, query.fetch_all(&mut self.connection)).await?;
        let head = |row: &PgRow| {
            let number: i64 = row.try_get(0)?;
            Ok((usize::try_from(number - 1).unwrap_or(usize::MAX), natural(row.try_get(1)?)))
        };
        Ok(rows.iter().map(head).collect::<Result<_, sqlx::Error>>()?)
    }

    /// What is stored in a stream at these versions, both inclusive.
    pub(crate) async fn stored(&mut self, stream: &StreamId, first: u64, last: u64, known: &Known) -> Result<Vec<Stored>, Trouble> {
        // One of a kind that has no number has no events.
        let Some(category) = known.categories.number(&stream.category) else { return Ok(Vec::new()) };
        let query = sqlx::query(STORED).bind(stream.key).bind(category).bind(integer(first)).bind(integer(last));
        let rows = within(STATEMENT, query.fetch_all(&mut self.connection)).await?;
        let stored = |row: &PgRow| {
            let position: i64 = row.try_get(1)?;
            Ok(Stored { id: row.try_get(0)?, position: Position(natural(position)), metadata: row.try_get(2)?, data: row.try_get(3)? })
        };
        Ok(rows.iter().map(stored).collect::<Result<_, sqlx::Error>>()?)
    }

    /// Writes the columns: as a transaction of its own, or in the one that was begun. With `only_there`, only if nobody else has written
    /// since the place was. Gives back the position after which they are; none if the place is not as it was thought to be, and nothing was
    /// written.
    pub(crate) async fn append(
        &mut self,
        place: Place,
        only_there: bool,
        recorded_at: i64,
        columns: Columns<'_>,
    ) -> Result<Option<i64>, Trouble> {
        let query = sqlx::query(APPEND)
            .bind(length(columns.ids.len()))
            .bind(recorded_at)
            .bind(place.turn)
            .bind(place.epoch)
            .bind(place.position)
            .bind(only_there)
            .bind(columns.versions)
            .bind(columns.categories)
            .bind(columns.types)
            .bind(columns.keys)
            .bind(columns.ids)
            .bind(columns.metadata)
            .bind(columns.data);
        // All that the server answers is waited for: the row comes before the commit.
        let rows = within(STATEMENT, query.fetch_all(&mut self.connection)).await?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }
}

/// Whether an event that this process has seen is still where it was. Asked on every new connection, since another server may answer there.
pub(crate) async fn still_holds(connection: impl PgExecutor<'_>, seen: Option<Seen>) -> Result<(), Trouble> {
    let Some(seen) = seen else { return Ok(()) };
    let found = sqlx::query_scalar::<_, Uuid>(ID_AT).bind(integer(seen.position.0)).fetch_optional(connection);
    if within(STATEMENT, found).await? == Some(seen.id) {
        return Ok(());
    }
    Err(Trouble::OtherLog(format!("the event at position {} is not the one that was there: the database has lost its tail", seen.position)))
}

/// Whether a place can be one of the log that this process knows. `seen` was read before the place was.
pub(crate) fn same_history(place: Place, epoch: Epoch, seen: Option<Seen>) -> Result<(), Trouble> {
    if place.epoch != epoch.0 {
        return Err(Trouble::OtherLog("the log has another epoch than it had: it was restored or replaced".to_owned()));
    }
    match seen {
        Some(seen) if natural(place.position) < seen.position.0 => Err(Trouble::OtherLog(format!(
            "the log ends at position {}, but its event at position {} was there: the database has lost its tail",
            place.position, seen.position
        ))),
        Some(_) | None => Ok(()),
    }
}

pub(crate) fn place(rows: &[PgRow]) -> Result<Place, Trouble> {
    let [row] = rows else { return Err(Trouble::OtherLog("the log does not say where it ends".to_owned())) };
    Ok(Place { position: row.try_get(0)?, turn: row.try_get(1)?, epoch: row.try_get(2)? })
}

/// Waits for an answer no longer than this. A connection that was given up is of no more use.
pub(crate) async fn within<T>(limit: Duration, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, format!("no answer within {limit:?}")))),
    }
}

/// A version or position as PostgreSQL keeps it. Nobody gets near the end of these numbers.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn natural(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
