//! The vault in a file: SQLite. All tokens and sessions are in memory as well.

mod ceremonies;
mod credentials;
mod factors;
mod file;
mod sessions;
mod tokens;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::PersonId;
use jiff::Timestamp;
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, params};

use super::Ending;
use super::statements::COUNT_ABOUT;
use crate::error::VaultError;
use crate::sessions::Live;
use crate::text::TextHash;
use crate::tokens::Token;

pub(super) use file::{check_file, copy, new_tables, sync_folder_of};

/// How long what another process changed may go unnoticed, in microseconds.
const NOTICE_AFTER_US: u64 = 1_000_000;

/// The vault in a file. Every method but the look-ups waits for the disk.
pub(crate) struct SqliteStore {
    path: PathBuf,
    /// Held while a change goes to the database and into what is kept in memory, so that both always agree.
    connection: Mutex<Connection>,
    /// The tokens that work, by the hash of their text.
    tokens: RwLock<HashMap<TextHash, Arc<Token>>>,
    /// The sessions, by the hash of their text.
    sessions: RwLock<HashMap<TextHash, Arc<Live>>>,
    seen_version: AtomicI64,
    looked_at_us: AtomicI64,
}

impl SqliteStore {
    /// Opens the vault, or makes it; refuses another key and a newer format.
    pub(crate) fn open(path: &Path, key_check: [u8; 32]) -> Result<Self, VaultError> {
        let connection = file::open(path, key_check)?;
        let store = Self {
            path: path.to_owned(),
            tokens: RwLock::default(),
            sessions: RwLock::default(),
            seen_version: AtomicI64::new(file::data_version(&connection)?),
            looked_at_us: AtomicI64::new(i64::MIN),
            connection: Mutex::new(connection),
        };
        store.reload(&store.connection.lock())?;
        Ok(store)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// As [`super::Store::purge_person`].
    pub(crate) fn purge_person(&self, person: PersonId) -> Result<(), VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction()?;
        let theirs = "SELECT id FROM credentials WHERE person = ?1";
        let withdraw = format!("UPDATE inventory SET state = 2, credential = NULL WHERE credential IN ({theirs})");
        transaction.execute(&withdraw, params![person.0.as_bytes()])?;
        transaction.execute("DELETE FROM credentials WHERE person = ?1", params![person.0.as_bytes()])?;
        transaction.execute("DELETE FROM ceremonies WHERE person = ?1", params![person.0.as_bytes()])?;
        transaction.execute("DELETE FROM attempts WHERE person = ?1", params![person.0.as_bytes()])?;
        transaction.execute("DELETE FROM sessions WHERE person = ?1", params![person.0.as_bytes()])?;
        transaction.commit()?;
        self.drop_ended(Ending::AllOf(person));
        file::drop_old_copies(&connection)
    }

    /// As [`super::Store::rows_about`].
    pub(crate) fn rows_about(&self, person: PersonId) -> Result<u64, VaultError> {
        let rows: i64 = self.connection.lock().query_row(COUNT_ABOUT, params![person.0.as_bytes()], |row| row.get(0))?;
        Ok(rows.unsigned_abs())
    }

    /// Takes in what another process has changed, at most once a second; without waiting if the database is in use.
    fn notice_changes(&self, now: Timestamp) {
        let now = now.as_microsecond();
        let looked = self.looked_at_us.load(Ordering::Relaxed);
        // Also when the clock was set back, or changes would go unnoticed until it has caught up.
        if now.abs_diff(looked) < NOTICE_AFTER_US {
            return;
        }
        let Some(connection) = self.connection.try_lock() else { return };
        self.looked_at_us.store(now, Ordering::Relaxed);
        if let Err(error) = self.reload_if_changed(&connection) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "changes that another process may have made to the vault could not be read");
        }
    }

    fn reload_if_changed(&self, connection: &Connection) -> Result<(), VaultError> {
        let version = file::data_version(connection)?;
        if version != self.seen_version.load(Ordering::Relaxed) {
            self.reload(connection)?;
            self.seen_version.store(version, Ordering::Relaxed);
        }
        Ok(())
    }

    fn reload(&self, connection: &Connection) -> Result<(), VaultError> {
        self.reload_tokens(connection)?;
        self.reload_sessions(connection)
    }
}
