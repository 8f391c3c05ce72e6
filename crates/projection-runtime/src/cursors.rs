//! The durable places of consumers in the log: in `consumers.db` of the data folder, or in the schema that several instances share.

use std::path::Path;
use std::time::Duration;

use event_store::{Epoch, Position};
use postgres_schema::Step;
use rusqlite::{Connection, OptionalExtension, params};
use sqlx::{PgPool, Row};
use tokio::sync::Mutex;

use crate::database::Alone;
use crate::lease::Fence;
use crate::tables::alone;

/// How long the shared database may take: a consumer that stops is not held up by one that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the table of places in the shared schema.
pub const PLACES: Step = Step {
    number: 12,
    name: "places of consumers",
    sql: "CREATE TABLE consumer (
        name TEXT NOT NULL PRIMARY KEY,
        position BIGINT NOT NULL,
        epoch TEXT NOT NULL,
        failed_position BIGINT,
        failed_reason TEXT,
        fence BIGINT NOT NULL
    ) WITH (fillfactor = 50)",
};

/// Copies the places in a file `consumers.db` into the shared schema, unless they are there. How many the file has.
///
/// # Errors
/// [`sqlx::Error`] when either side refuses. A file that is not there has none.
pub async fn copy_places(file: &Path, shared: &PgPool) -> Result<usize, sqlx::Error> {
    if !file.exists() {
        return Ok(0);
    }
    let file = file.to_owned();
    let read = tokio::task::spawn_blocking(move || file::open(&file).and_then(|db| file::all(&db)).map_err(alone));
    let places = read.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
    for (name, position, epoch) in &places {
        sqlx::query("INSERT INTO consumer (name, position, epoch, fence) VALUES ($1, $2, $3, 0) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(position)
            .bind(epoch)
            .execute(shared)
            .await?;
    }
    Ok(places.len())
}

/// The places of all consumers.
pub(crate) struct Cursors {
    keep: Keep,
    epoch: String,
}

enum Keep {
    /// Where there is one process, whose fences are not looked at. One connection: each place is written once for many events; none once
    /// closed.
    File(Mutex<Option<Alone>>),
    Shared(PgPool),
}

/// Where a consumer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) name: &'a str,
    /// The last event that it has handled.
    pub(crate) position: Position,
    /// Under which holding.
    pub(crate) fence: Fence,
}

/// Somebody with a greater fence was here: nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Superseded;

impl Cursors {
    /// The file, made if there is none.
    pub(crate) async fn open(path: &Path, epoch: Epoch) -> Result<Self, sqlx::Error> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || file::open(&path).map_err(alone));
        let db = opened.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        Ok(Self { keep: Keep::File(Mutex::new(Some(Alone::new(db)))), epoch: epoch.0.to_string() })
    }

    /// The shared schema, whose table the step [`PLACES`] has made.
    pub(crate) fn shared(pool: PgPool, epoch: Epoch) -> Self {
        Self { keep: Keep::Shared(pool), epoch: epoch.0.to_string() }
    }

    /// Where this consumer is in this history of the log: from now on it is handled under this fence, and whoever has a smaller one keeps
    /// no place any more. If it has no place in this history it is at `begin.position`, which is kept. In the file a place beyond `head` is
    /// none: the log lost its end, and other events may come to be there. A shared one is given as it is.
    pub(crate) async fn claim(&self, begin: Place<'_>, head: Position) -> Result<Result<Position, Superseded>, sqlx::Error> {
        let begins = stored(begin.position);
        match &self.keep {
            Keep::File(db) => {
                let (name, epoch, head) = (begin.name.to_owned(), self.epoch.clone(), stored(head));
                let claimed = with(db, async move |db| file::claim(db, &name, &epoch, begins, head)).await?;
                Ok(Ok(position(claimed)))
            }
            Keep::Shared(pool) => Ok(shared::claim(pool, begin, &self.epoch, begins).await?.map(position)),
        }
    }

    /// Keeps the place of a consumer, and the event that it cannot handle if there is one.
    pub(crate) async fn save(&self, at: Place<'_>, failed: Option<(Position, &str)>) -> Result<Result<(), Superseded>, sqlx::Error> {
        let failed = failed.map(|(at, reason)| (stored(at), reason.to_owned()));
        match &self.keep {
            Keep::File(db) => {
                let (name, epoch, place) = (at.name.to_owned(), self.epoch.clone(), stored(at.position));
                with(db, async move |db| file::save(db, &name, &epoch, place, failed)).await?;
                Ok(Ok(()))
            }
            Keep::Shared(pool) => shared::save(pool, at, failed).await,
        }
    }

    /// No place is kept in the file from now on.
    pub(crate) async fn close(&self) -> Result<(), sqlx::Error> {
        let Keep::File(db) = &self.keep else { return Ok(()) };
        match db.lock().await.take().and_then(Alone::into_inner) {
            Some(db) => db.close().map_err(|(_, error)| alone(error)),
            None => Ok(()),
        }
    }
}

async fn with<T: Send + 'static>(
    db: &Mutex<Option<Alone>>,
    work: impl AsyncFnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, sqlx::Error> {
    let mut db = db.lock().await;
    let db = db.as_mut().ok_or(sqlx::Error::PoolClosed)?;
    db.with(work).await?.map_err(alone)
}

fn stored(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn position(stored: i64) -> Position {
    Position(u64::try_from(stored).unwrap_or(0))
}

/// The file.
mod file {
    use super::{Connection, OptionalExtension, Path, params};

    const OPEN: &str = "
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA secure_delete = ON;
        PRAGMA wal_checkpoint(TRUNCATE);
        CREATE TABLE IF NOT EXISTS consumer (
            name TEXT NOT NULL PRIMARY KEY,
            position BIGINT NOT NULL,
            epoch TEXT NOT NULL,
            failed_position BIGINT,
            failed_reason TEXT
        )";

    pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
        let db = Connection::open(path)?;
        db.execute_batch(OPEN)?;
        Ok(db)
    }

    /// Names, positions and epochs.
    pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<(String, i64, String)>> {
        let mut select = db.prepare("SELECT name, position, epoch FROM consumer")?;
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
    }

    pub(super) fn claim(db: &mut Connection, name: &str, epoch: &str, begins: i64, head: i64) -> rusqlite::Result<i64> {
        let mut select = db.prepare_cached("SELECT position FROM consumer WHERE name = ?1 AND epoch = ?2")?;
        let found: Option<i64> = select.query_row(params![name, epoch], |row| row.get(0)).optional()?;
        drop(select);
        match found.filter(|position| *position <= head) {
            Some(position) => Ok(position),
            None => save(db, name, epoch, begins, None).map(|()| begins),
        }
    }

    const SAVE: &str = "
        INSERT INTO consumer (name, position, epoch, failed_position, failed_reason) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (name) DO UPDATE SET
            position = excluded.position,
            epoch = excluded.epoch,
            failed_position = excluded.failed_position,
            failed_reason = excluded.failed_reason";

    pub(super) fn save(db: &mut Connection, name: &str, epoch: &str, position: i64, failed: Option<(i64, String)>) -> rusqlite::Result<()> {
        let (failed_position, failed_reason) = failed.unzip();
        db.prepare_cached(SAVE)?.execute(params![name, position, epoch, failed_position, failed_reason])?;
        Ok(())
    }
}

/// The shared schema.
mod shared {
    use super::{Fence, PATIENCE, PgPool, Place, Row, Superseded};

    async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    const CLAIM: &str = "
        INSERT INTO consumer (name, position, epoch, fence) VALUES ($1, $2, $3, $4)
        ON CONFLICT (name) DO UPDATE SET
            position = CASE WHEN consumer.epoch = excluded.epoch THEN consumer.position ELSE excluded.position END,
            epoch = excluded.epoch,
            fence = excluded.fence
        WHERE consumer.fence <= excluded.fence
        RETURNING position";

    pub(super) async fn claim(
        pool: &PgPool,
        Place { name, fence: Fence(fence), position: _ }: Place<'_>,
        epoch: &str,
        begins: i64,
    ) -> Result<Result<i64, Superseded>, sqlx::Error> {
        let claim = sqlx::query(CLAIM).bind(name).bind(begins).bind(epoch).bind(fence);
        match in_time(claim.fetch_optional(pool)).await? {
            Some(row) => Ok(Ok(row.try_get(0)?)),
            None => Ok(Err(Superseded)),
        }
    }

    const SAVE: &str = "
        UPDATE consumer SET position = $2, failed_position = $4, failed_reason = $5
        WHERE name = $1 AND fence = $3";

    /// The row is there since it was claimed; unless that was under this very fence, somebody else has claimed it since.
    pub(super) async fn save(
        pool: &PgPool,
        Place { name, position, fence: Fence(fence) }: Place<'_>,
        failed: Option<(i64, String)>,
    ) -> Result<Result<(), Superseded>, sqlx::Error> {
        let (failed_position, failed_reason) = failed.unzip();
        let position = super::stored(position);
        let save = sqlx::query(SAVE).bind(name).bind(position).bind(fence).bind(failed_position).bind(failed_reason);
        let saved = in_time(save.execute(pool)).await?;
        Ok(if saved.rows_affected() == 0 { Err(Superseded) } else { Ok(()) })
    }
}
