//! The vault's file: opening, format, copies.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use crate::error::VaultError;

/// The format that this code writes; SQLite's `user_version`.
const FORMAT: i64 = 6;

/// Instants are microseconds since 1970 UTC, ids are 16 bytes. `named_by`: the key of the stream whose event is to name the credential,
/// the person's own, a registration's, or its own. `state`: 0 pending, 1 active, 2 revoked (no verifier). `counter`: the last step or counter
/// that was used. `mark`: what only one may have. `opened_by`: the id of the
/// password or one-time password that opened a session, or `provider`; null where an earlier version did not say. `ceremonies`: what is going on with authenticators. `attempts`: wrong codes of a person's second factors. `inventory`: `serial` is its ASCII text; `state`: 0 available, 1 taken by
/// `credential`, 2 withdrawn until the operator releases it.
const CREATE: &str = "
CREATE TABLE vault (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    master_key_check BLOB NOT NULL
) STRICT;
CREATE TABLE credentials (
    id BLOB PRIMARY KEY,
    person BLOB NOT NULL,
    named_by BLOB,
    kind INTEGER NOT NULL,
    state INTEGER NOT NULL,
    verifier BLOB,
    failures INTEGER NOT NULL,
    failed_at INTEGER,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    counter INTEGER NOT NULL DEFAULT -1,
    last_used_at INTEGER,
    mark BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_by_person ON credentials (person);
CREATE INDEX credentials_pending ON credentials (created_at) WHERE state = 0;
CREATE UNIQUE INDEX credentials_by_mark ON credentials (mark) WHERE mark IS NOT NULL;
CREATE TABLE ceremonies (
    id BLOB PRIMARY KEY,
    person BLOB NOT NULL,
    state BLOB NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremonies_by_person ON ceremonies (person);
CREATE TABLE attempts (
    person BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    failed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE inventory (
    serial BLOB PRIMARY KEY,
    generator BLOB NOT NULL,
    counter INTEGER NOT NULL,
    state INTEGER NOT NULL,
    credential BLOB,
    imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX inventory_by_credential ON inventory (credential) WHERE credential IS NOT NULL;
CREATE TABLE tokens (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    person BLOB NOT NULL,
    organization BLOB,
    staff BLOB,
    assurance INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    proved_at INTEGER,
    ends_at INTEGER NOT NULL,
    idle_us INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    label TEXT NOT NULL,
    opened_by BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_person ON sessions (person);
PRAGMA user_version = 6;
";

/// From format 1, whose rows do not say whose event is to name them.
const FROM_1: &str = "
ALTER TABLE credentials ADD COLUMN named_by BLOB;
PRAGMA user_version = 2;
";

/// From format 2, whose sessions are of users with one factor. SQLite can let a column be null only in a new table.
const FROM_2: &str = "
ALTER TABLE sessions RENAME TO old_sessions;
DROP INDEX sessions_by_person;
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    person BLOB NOT NULL,
    organization BLOB,
    staff BLOB,
    assurance INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    proved_at INTEGER,
    ends_at INTEGER NOT NULL,
    idle_us INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    label TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_person ON sessions (person);
INSERT INTO sessions
SELECT id, hash, person, organization, NULL, 1, created_at, created_at, ends_at, idle_us, seen_at, ''
FROM old_sessions;
DROP TABLE old_sessions;
PRAGMA user_version = 3;
";

/// From format 3, which knows no second factors.
const FROM_3: &str = "
ALTER TABLE credentials ADD COLUMN counter INTEGER NOT NULL DEFAULT -1;
ALTER TABLE credentials ADD COLUMN last_used_at INTEGER;
CREATE TABLE attempts (
    person BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    failed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE inventory (
    serial BLOB PRIMARY KEY,
    generator BLOB NOT NULL,
    counter INTEGER NOT NULL,
    state INTEGER NOT NULL,
    credential BLOB,
    imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX inventory_by_credential ON inventory (credential) WHERE credential IS NOT NULL;
PRAGMA user_version = 4;
";

/// From format 4, which knows no passkeys.
const FROM_4: &str = "
ALTER TABLE credentials ADD COLUMN mark BLOB;
CREATE UNIQUE INDEX credentials_by_mark ON credentials (mark) WHERE mark IS NOT NULL;
CREATE TABLE ceremonies (
    id BLOB PRIMARY KEY,
    person BLOB NOT NULL,
    state BLOB NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremonies_by_person ON ceremonies (person);
PRAGMA user_version = 5;
";

/// From format 5, whose sessions do not say what opened them: they count as opened by nothing that is known, and whoever is in one signs in
/// once more.
const FROM_5: &str = "
ALTER TABLE sessions ADD COLUMN opened_by BLOB;
PRAGMA user_version = 6;
";

/// How a file of an older format becomes one of the next, beginning with format 1.
const UPGRADES: [&str; 5] = [FROM_1, FROM_2, FROM_3, FROM_4, FROM_5];

/// Opens the vault's file, or makes it; refuses another master key and a newer format.
pub(crate) fn open(path: &Path, key_check: [u8; 32]) -> Result<Connection, VaultError> {
    // Made here first, since SQLite would give it the default mode; its other files take the mode of this one.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(VaultError::file(path))?;
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(VaultError::NewerFormat { vault: path.to_owned(), found });
    }
    if found == 0 {
        transaction.execute_batch(CREATE)?;
        transaction.execute("INSERT INTO vault VALUES (1, ?1)", params![key_check])?;
    } else {
        check_master_key(&transaction, path, key_check)?;
        for upgrade in UPGRADES.iter().skip(usize::try_from(found - 1).unwrap_or_default()) {
            transaction.execute_batch(upgrade)?;
        }
    }
    transaction.commit()?;
    sync_folder_of(path)?;
    Ok(connection)
}

fn check_master_key(connection: &Connection, path: &Path, key_check: [u8; 32]) -> Result<(), VaultError> {
    let check: Vec<u8> = connection.query_row("SELECT master_key_check FROM vault", [], |row| row.get(0))?;
    if check == key_check { Ok(()) } else { Err(VaultError::MasterKeyWrong { vault: path.display().to_string() }) }
}

/// Refuses a file that is no vault of this format under this key. Changes nothing.
pub(crate) fn check_file(path: &Path, key_check: [u8; 32]) -> Result<(), VaultError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(VaultError::NewerFormat { vault: path.to_owned(), found });
    }
    if found < FORMAT {
        return Err(VaultError::OlderFormat { vault: path.to_owned(), found });
    }
    check_master_key(&connection, path, key_check)
}

/// A new file with the tables of a vault and nothing in them. The handle is to be synced when they are filled.
pub(crate) fn new_tables(path: &Path) -> Result<File, VaultError> {
    let file = new_file(path)?;
    Connection::open(path)?.execute_batch(CREATE)?;
    Ok(file)
}

/// A new file for its owner only; refuses one that is there.
fn new_file(path: &Path) -> Result<File, VaultError> {
    if path.exists() {
        return Err(VaultError::BackupExists(path.to_owned()));
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(VaultError::file(path))
}

/// Writes the write-ahead log into the database and empties it, so that nothing that was removed is left there.
pub(crate) fn drop_old_copies(connection: &Connection) -> Result<(), VaultError> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(VaultError::OldCopyRemains) }
}

/// A number that changes when another process has committed.
pub(crate) fn data_version(connection: &Connection) -> Result<i64, VaultError> {
    Ok(connection.query_row("PRAGMA data_version", [], |row| row.get(0))?)
}

/// Copies the vault at `path`, as it is at one instant, to a new file, durably.
pub(crate) fn copy(path: &Path, target: &Path) -> Result<(), VaultError> {
    // SQLite takes an empty file as a target.
    let file = new_file(target)?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let name = target.to_str().ok_or_else(|| VaultError::file(target)(std::io::ErrorKind::InvalidFilename.into()))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    file.sync_all().map_err(VaultError::file(target))?;
    sync_folder_of(target)
}

/// Makes the name of a new file durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), VaultError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(VaultError::file(folder))
}
