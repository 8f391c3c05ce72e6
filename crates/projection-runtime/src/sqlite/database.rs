//! Opens the databases of read models: SQLite files.

use std::path::Path;

use event_store::{Epoch, Position};
use rusqlite::OpenFlags;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::sql::Database;
use crate::tables::alone;
use crate::{Projection, checkpoint};

/// What makes a new database fast to fill, and worthless if the power goes: it is thrown away then.
const UNSAFE: [&str; 4] =
    ["PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF", "PRAGMA secure_delete = ON", "PRAGMA cache_size = -65536"];

/// Statements that are kept prepared on a database that is open alone.
const PREPARED: usize = 128;

/// A new database that is worthless if the power goes, and that nobody else opens until [`make_safe`].
pub(crate) async fn create_alone(path: &Path, projection: &dyn Projection, epoch: Epoch) -> Result<rusqlite::Connection, sqlx::Error> {
    let mut db = rusqlite::Connection::open(path).map_err(alone)?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    db.execute_batch(&UNSAFE.join(";")).map_err(alone)?;
    create_tables(&mut db, projection, epoch).await?;
    Ok(db)
}

async fn create_tables(db: &mut rusqlite::Connection, projection: &dyn Projection, epoch: Epoch) -> Result<(), sqlx::Error> {
    db.tables().define("BEGIN").await?;
    for statement in projection.schema() {
        db.tables().define(statement).await?;
    }
    checkpoint::create(db, projection.name(), epoch).await?;
    db.tables().define("COMMIT").await?;
    Ok(())
}

/// A statement that creates a table, as PostgreSQL is given it: texts are in the order of their bytes, as SQLite has them, whatever the
/// order of the database is.
pub(crate) fn in_byte_order(statement: &str) -> String {
    statement.replace(" TEXT", " TEXT COLLATE \"C\"")
}

/// Makes a database of [`create_alone`] one that is read while it is written, and closes it. All of it is on disk then.
fn make_safe(db: rusqlite::Connection, path: &Path) -> Result<(), sqlx::Error> {
    db.flush_prepared_statement_cache();
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)").map_err(alone)?;
    db.close().map_err(|(_, error)| alone(error))?;
    std::fs::File::open(path)?.sync_all()?;
    Ok(())
}

/// What lets others read a database while it is written, and leaves nothing of deleted rows behind.
///
/// `NORMAL` may lose the newest transactions with the power, but never tears one: the checkpoint tells where to go on.
const SHARED: [&str; 3] = ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA secure_delete = ON"];

/// The one connection that writes a database which others read.
pub(crate) fn open(path: &Path) -> Result<rusqlite::Connection, sqlx::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = rusqlite::Connection::open_with_flags(path, flags).map_err(alone)?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    db.execute_batch(&SHARED.join(";")).map_err(alone)?;
    // What a killed process left in the WAL may hold rows that were purged since.
    truncate_wal(&mut db)?;
    Ok(db)
}

/// A connection that reads a database which another one writes, and cannot write it.
pub(crate) fn open_to_read(path: &Path) -> Result<rusqlite::Connection, sqlx::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = rusqlite::Connection::open_with_flags(path, flags).map_err(alone)?;
    db.set_prepared_statement_cache_capacity(PREPARED);
    Ok(db)
}

const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Moves the WAL into the database and empties it. False if a reader was in the way: try again later.
pub(crate) fn truncate_wal(db: &mut rusqlite::Connection) -> Result<bool, sqlx::Error> {
    let busy: i64 = db.query_row(TRUNCATE, [], |row| row.get(0)).map_err(alone)?;
    Ok(busy == 0)
}

/// A connection whose work is done on threads that may wait for the disk: one hand-over for a whole batch.
pub(crate) struct Alone(Option<rusqlite::Connection>);

impl Alone {
    pub(crate) fn new(db: rusqlite::Connection) -> Self {
        Self(Some(db))
    }

    /// Does this work.
    ///
    /// # Errors
    /// [`sqlx::Error::WorkerCrashed`] when a thread ended early, this time or before.
    pub(crate) async fn with<T: Send + 'static>(
        &mut self,
        work: impl AsyncFnOnce(&mut rusqlite::Connection) -> T + Send + 'static,
    ) -> Result<T, sqlx::Error> {
        let mut db = self.0.take().ok_or(sqlx::Error::WorkerCrashed)?;
        let handle = Handle::current();
        let done = spawn_blocking(move || {
            let done = handle.block_on(work(&mut db));
            (db, done)
        });
        let (db, done) = done.await.map_err(|_| sqlx::Error::WorkerCrashed)?;
        self.0 = Some(db);
        Ok(done)
    }

    /// A connection to a complete database, and the position of its rows.
    pub(crate) async fn open(path: &Path) -> Result<(Self, Position), sqlx::Error> {
        let path = path.to_owned();
        let opened = spawn_blocking(move || {
            let mut db = open(&path)?;
            let checkpoint = checkpoint::read(&mut db)?.ok_or(sqlx::Error::RowNotFound)?;
            Ok::<_, sqlx::Error>((Self::new(db), checkpoint.position))
        });
        opened.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Makes a new database one that is read while it is written, and closes it.
    pub(crate) async fn make_safe(self, path: &Path) -> Result<(), sqlx::Error> {
        let db = self.into_inner().ok_or(sqlx::Error::WorkerCrashed)?;
        let path = path.to_owned();
        spawn_blocking(move || make_safe(db, &path)).await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Closes it, if it is still there.
    pub(crate) fn close(self) -> Result<(), sqlx::Error> {
        self.into_inner().map_or(Ok(()), |db| db.close().map_err(|(_, error)| alone(error)))
    }

    /// The connection, if it is still there.
    pub(crate) fn into_inner(self) -> Option<rusqlite::Connection> {
        self.0
    }
}
