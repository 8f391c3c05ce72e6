//! The ring in a file: SQLite.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use zeroize::Zeroizing;

use crate::block::{Block, Slot};
use crate::error::KeyRingError;
use crate::master_key::{MasterKey, sync_folder_of};
use crate::person::{MAX_BLOCK, Place};

/// The format that this code writes; SQLite's `user_version`.
const FORMAT: i64 = 1;

const CREATE: &str = "
CREATE TABLE ring (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    master_key_check BLOB NOT NULL,
    next_block INTEGER NOT NULL
) STRICT;
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    slots INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
PRAGMA user_version = 1;
";

const LEASE_NUMBER: &str = "
UPDATE ring
SET next_block = next_block + 1
RETURNING next_block - 1
";

const INSERT_BLOCK: &str = "
INSERT INTO blocks (number, slots, sealed)
VALUES (?1, ?2, ?3)
";

const SELECT_BLOCK: &str = "
SELECT slots, sealed
FROM blocks
WHERE number = ?1
";

const UPDATE_BLOCK: &str = "
UPDATE blocks
SET sealed = ?2
WHERE number = ?1
";

/// The ring in a file, which this process alone writes.
pub(crate) struct SqliteStore {
    path: PathBuf,
    open: Mutex<Open>,
    /// Held by a backup and by a destruction: a reader would keep old pages alive.
    reading: Mutex<()>,
}

impl SqliteStore {
    /// Opens the ring, or makes it; refuses another master key and a newer format.
    pub(crate) fn open(path: &Path, master: &MasterKey) -> Result<Self, KeyRingError> {
        let open = Mutex::new(Open::new(path, master)?);
        Ok(Self { path: path.to_owned(), open, reading: Mutex::default() })
    }

    /// Makes a block of fresh keys; it is on disk when this returns.
    pub(crate) fn lease(&self, slots: u16) -> Result<Block, KeyRingError> {
        self.open.lock().lease(slots)
    }

    /// The block of this number; none if there is no such block.
    pub(crate) fn load(&self, number: u64) -> Result<Option<Block>, KeyRingError> {
        self.open.lock().load(number)
    }

    /// Until the guard is dropped, no backup reads the file.
    pub(crate) fn without_readers(&self) -> MutexGuard<'_, ()> {
        self.reading.lock()
    }

    /// Destroys the key in this place; on disk when this returns. False if there never was one.
    pub(crate) fn destroy(&self, place: Place) -> Result<bool, KeyRingError> {
        let mut open = self.open.lock();
        let Some(mut block) = open.load(place.block)? else { return Ok(false) };
        match block.slot(place.slot) {
            Slot::None => return Ok(false),
            Slot::Destroyed => {}
            Slot::Key(_) => {
                block.destroy(place.slot);
                open.replace(&block)?;
            }
        }
        Ok(true)
    }

    /// Writes the write-ahead log into the database and empties it, so that no older state of any block is left.
    pub(crate) fn drop_old_copies(&self) -> Result<(), KeyRingError> {
        self.open.lock().drop_old_copies()
    }

    /// Copies the ring, as it is at one instant, to a new file, durably.
    pub(crate) fn backup_to(&self, target: &Path) -> Result<(), KeyRingError> {
        let _no_destruction = self.reading.lock();
        // SQLite takes an empty file as a target.
        let file = new_file(target)?;
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let name = target.to_str().ok_or_else(|| KeyRingError::file(target)(std::io::ErrorKind::InvalidFilename.into()))?;
        connection.execute("VACUUM INTO ?1", [name])?;
        file.sync_all().map_err(KeyRingError::file(target))?;
        sync_folder_of(target)
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A new file for its owner only; refuses one that is there.
fn new_file(path: &Path) -> Result<File, KeyRingError> {
    if path.exists() {
        return Err(KeyRingError::BackupExists(path.to_owned()));
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(KeyRingError::file(path))
}

/// A new file with the tables of a ring and nothing in them. The handle is to be synced when they are filled.
pub(crate) fn new_tables(path: &Path) -> Result<File, KeyRingError> {
    let file = new_file(path)?;
    Connection::open(path)?.execute_batch(CREATE)?;
    Ok(file)
}

/// Refuses a file that is no ring of this format under this master key. Changes nothing.
pub(crate) fn check_file(path: &Path, master: &MasterKey) -> Result<(), KeyRingError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > FORMAT {
        return Err(KeyRingError::NewerFormat { ring: path.to_owned(), found });
    }
    check_master_key(&connection, path, master)
}

fn check_master_key(connection: &Connection, path: &Path, master: &MasterKey) -> Result<(), KeyRingError> {
    let check: Vec<u8> = connection.query_row("SELECT master_key_check FROM ring", [], |row| row.get(0))?;
    if check == master.ring_check() { Ok(()) } else { Err(KeyRingError::MasterKeyWrong { ring: path.display().to_string() }) }
}

/// The one connection to the ring's database.
struct Open {
    connection: Connection,
    path: PathBuf,
    block_key: Zeroizing<[u8; 32]>,
}

impl Open {
    fn new(path: &Path, master: &MasterKey) -> Result<Self, KeyRingError> {
        // Made here first, since SQLite would give it the default mode; its other files take the mode of this one.
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(KeyRingError::file(path))?;
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        // Nobody but a curious operator reads this file beside us; a destruction waits that long for them.
        connection.busy_timeout(Duration::from_secs(1))?;
        let mut store = Self { connection, path: path.to_owned(), block_key: master.derive("key ring blocks") };
        store.check(master)?;
        sync_folder_of(path)?;
        // A process that was killed while it destroyed a key may have left the old copy in the write-ahead log. It told nobody
        // that the key was gone, so whoever asked for it asks again: a reader who is in the way now is no reason not to start.
        match store.drop_old_copies() {
            Err(KeyRingError::OldCopyRemains) => {
                tracing::warn!("another program reads the key ring's file, so its write-ahead log was not emptied")
            }
            result => result?,
        }
        Ok(store)
    }

    fn check(&mut self, master: &MasterKey) -> Result<(), KeyRingError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found > FORMAT {
            return Err(KeyRingError::NewerFormat { ring: self.path.clone(), found });
        }
        if found == 0 {
            transaction.execute_batch(CREATE)?;
            transaction.execute("INSERT INTO ring VALUES (1, ?1, 1)", params![master.ring_check()])?;
            return Ok(transaction.commit()?);
        }
        check_master_key(&transaction, &self.path, master)
    }

    /// Makes a block of fresh keys; it is on disk when this returns.
    fn lease(&mut self, slots: u16) -> Result<Block, KeyRingError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number: i64 = transaction.prepare(LEASE_NUMBER)?.query_row([], |row| row.get(0))?;
        let block = u64::try_from(number).ok().filter(|number| *number <= MAX_BLOCK).ok_or(KeyRingError::Exhausted)?;
        let block = Block::generate(block, slots)?;
        transaction.prepare(INSERT_BLOCK)?.execute(params![number, slots, block.seal(&self.block_key)?])?;
        transaction.commit()?;
        Ok(block)
    }

    /// The block of this number; none if there is no such block.
    fn load(&self, number: u64) -> Result<Option<Block>, KeyRingError> {
        let Ok(key) = i64::try_from(number) else { return Ok(None) };
        let row = self
            .connection
            .prepare(SELECT_BLOCK)?
            .query_row([key], |row| Ok((row.get::<_, u16>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        row.map(|(slots, sealed)| Block::open(number, slots, &sealed, &self.block_key)).transpose()
    }

    /// Puts this state of the block in the place of the one before; it is on disk when this returns.
    fn replace(&mut self, block: &Block) -> Result<(), KeyRingError> {
        let number = i64::try_from(block.number()).map_err(|_| KeyRingError::BlockDamaged(block.number()))?;
        let sealed = block.seal(&self.block_key)?;
        match self.connection.prepare(UPDATE_BLOCK)?.execute(params![number, sealed])? {
            1 => Ok(()),
            _ => Err(KeyRingError::BlockDamaged(block.number())),
        }
    }

    /// Writes the write-ahead log into the database and empties it, so that no older state of any block is left.
    fn drop_old_copies(&self) -> Result<(), KeyRingError> {
        let busy: i64 = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(KeyRingError::OldCopyRemains) }
    }
}
