//! The file: its tables, its version, its settings.

use std::fs::File;
use std::path::Path;

use event_store::Epoch;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use uuid::{Builder, Uuid};

use crate::{Durability, OpenError};

/// Marks a file as an event log of Gatehouse: "Gate".
const APPLICATION_ID: i64 = 0x4761_7465;

/// The newest format that this code reads and writes.
pub(crate) const FORMAT: i64 = 1;

/// Half the room that pages of 4 KiB leave unused between events of some hundred bytes, for little more to sync.
const PAGE_BYTES: i64 = 8192;

/// Streams and names are known by small ascending numbers: the index of events by stream then grows at its end, where
/// appends to recent streams find it in memory, however many events there are (facts: 4 times faster at 10 million).
/// Event ids have no index: a repeat is found at the place it was meant for.
const TABLES: &str = "
CREATE TABLE meta (
    epoch BLOB NOT NULL
) STRICT;
CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE types (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    category INTEGER NOT NULL,
    key BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX streams_by_key ON streams (key, category);
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    type INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    id BLOB NOT NULL,
    metadata BLOB NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_by_stream ON events (stream, version);
";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Appends.
    Writer(Durability),
    /// Moves the write-ahead log into the database.
    Checkpointer(Durability),
    /// Reads.
    Reader,
}

/// Opens the file for appending: makes it if it is not there, refuses it if it is not ours or too new.
pub(crate) fn open_writer(path: &Path, durability: Durability) -> Result<Connection, OpenError> {
    let connection = connect(path, Role::Writer(durability), OpenFlags::SQLITE_OPEN_CREATE).map_err(|error| refine(path, error))?;
    check_format(path, &connection)?;
    // Has an effect only before the first page is written.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let journal: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    if journal != "wal" {
        return Err(OpenError::NotALog(path.to_owned()));
    }
    create(&connection)?;
    sync_folder(path)?;
    Ok(connection)
}

/// Opens a further connection to a log that is there.
pub(crate) fn connect(path: &Path, role: Role, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let access = match role {
        Role::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer(_) | Role::Checkpointer(_) => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, access | flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "trusted_schema", false)?;
    match role {
        Role::Writer(durability) => {
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.pragma_update(None, "cache_size", -65_536)?;
            synchronous(&connection, durability)?;
        }
        Role::Checkpointer(durability) => {
            // Short: it asks again later rather than make anybody wait.
            connection.busy_timeout(std::time::Duration::from_millis(5))?;
            synchronous(&connection, durability)?;
        }
        Role::Reader => {
            connection.busy_timeout(std::time::Duration::from_secs(5))?;
            connection.pragma_update(None, "cache_size", -8192)?;
        }
    }
    Ok(connection)
}

fn synchronous(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let level = match durability {
        Durability::Full => "FULL",
        Durability::UnsafeForPowerCutTests => "OFF",
    };
    connection.pragma_update(None, "synchronous", level)?;
    connection.query_row("PRAGMA wal_autocheckpoint=0", [], |_| Ok(()))
}

/// Refuses what is not a log, and what a newer version wrote. A file without anything in it becomes a log.
pub(crate) fn check_format(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0)).map_err(|error| refine(path, error));
    let (application, found) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if (application, found, tables) == (0, 0, 0) {
        return Ok(());
    }
    if application != APPLICATION_ID {
        return Err(OpenError::NotALog(path.to_owned()));
    }
    if found > FORMAT {
        return Err(OpenError::Newer { found, known: FORMAT });
    }
    Ok(())
}

fn refine(path: &Path, error: rusqlite::Error) -> OpenError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) { OpenError::NotALog(path.to_owned()) } else { OpenError::Sqlite(error) }
}

/// Makes the tables, all or none, unless they are there.
fn create(connection: &Connection) -> rusqlite::Result<()> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO meta (epoch) VALUES (?1)", [new_epoch(&transaction)?.0.as_bytes()])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// An epoch that was never before. SQLite's generator is seeded by the operating system.
fn new_epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let random: [u8; 16] = connection.query_row("SELECT randomblob(16)", [], |row| row.get(0))?;
    Ok(Epoch(Builder::from_random_bytes(random).into_uuid()))
}

/// The epoch of the log.
pub(crate) fn epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let bytes: Option<[u8; 16]> = connection.query_row("SELECT epoch FROM meta", [], |row| row.get(0)).optional()?;
    Ok(Epoch(bytes.map_or(Uuid::nil(), Uuid::from_bytes)))
}

/// Replaces the epoch of the log.
pub(crate) fn renew_epoch(connection: &Connection) -> rusqlite::Result<Epoch> {
    let epoch = new_epoch(connection)?;
    connection.execute("UPDATE meta SET epoch = ?1", [epoch.0.as_bytes()])?;
    Ok(epoch)
}

/// Gives a log that has no event yet the epoch of another one.
pub(crate) fn adopt_epoch(connection: &Connection, epoch: Epoch) -> rusqlite::Result<()> {
    connection.execute("UPDATE meta SET epoch = ?1", [epoch.0.as_bytes()]).map(|_| ())
}

/// Makes the name of a new file durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), OpenError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|file| file.sync_all()).map_err(|source| OpenError::Io { path: folder.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(durability: Durability) -> (String, i64, i64, i64) {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_writer(&folder.path().join("log.db"), durability).unwrap();
        let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0)).unwrap();
        let journal = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        (journal, number("PRAGMA synchronous"), number("PRAGMA wal_autocheckpoint"), number("PRAGMA page_size"))
    }

    #[test]
    fn every_commit_is_synced_unless_a_power_cut_test_asks_otherwise() {
        const FULL: i64 = 2;
        const OFF: i64 = 0;
        assert_eq!(settings(Durability::default()), ("wal".to_owned(), FULL, 0, PAGE_BYTES));
        assert_eq!(settings(Durability::UnsafeForPowerCutTests), ("wal".to_owned(), OFF, 0, PAGE_BYTES));
    }
}
