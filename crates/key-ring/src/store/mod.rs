//! Where the ring's blocks are kept.

mod postgres;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

use parking_lot::MutexGuard;
use postgres_schema::{Contents, Kind, Server, Table};

use crate::block::Block;
use crate::cache::Cache;
use crate::error::KeyRingError;
use crate::master_key::{MasterKey, sync_folder_of};
use crate::person::Place;

use postgres::PostgresStore;
use sqlite::SqliteStore;

/// What is carried over between a file and PostgreSQL: all that a ring is.
const TABLES: &[Table] = &[
    Table { name: "ring", columns: &[("master_key_check", Kind::Bytes), ("next_block", Kind::Integer)], page: 1 },
    Table { name: "blocks", columns: &[("number", Kind::Integer), ("slots", Kind::Integer), ("sealed", Kind::Bytes)], page: 64 },
];

/// Where the ring's blocks are kept. Every method waits for a disk, or for a database, that one not longer than a few seconds.
pub(crate) enum Store {
    /// In a file that this process alone uses.
    Sqlite(SqliteStore),
    /// In a database that other instances use, too.
    Postgres(Box<PostgresStore>),
}

impl Store {
    /// Opens the ring in this file, or makes it.
    pub(crate) fn in_file(path: &Path, master: &MasterKey) -> Result<Self, KeyRingError> {
        Ok(Self::Sqlite(SqliteStore::open(path, master)?))
    }

    /// Opens the ring in this database, or makes it. What other instances destroy is dropped from the cache.
    pub(crate) async fn in_postgres(server: &Server, master: &MasterKey, cache: Arc<Cache>) -> Result<Self, KeyRingError> {
        Ok(Self::Postgres(Box::new(PostgresStore::open(server, master, cache).await?)))
    }

    /// Makes a block of fresh keys; it is on disk when this returns.
    pub(crate) fn lease(&self, slots: u16) -> Result<Block, KeyRingError> {
        match self {
            Self::Sqlite(store) => store.lease(slots),
            Self::Postgres(store) => store.lease(slots),
        }
    }

    /// The block of this number; none if there is no such block.
    pub(crate) fn load(&self, number: u64) -> Result<Option<Block>, KeyRingError> {
        match self {
            Self::Sqlite(store) => store.load(number),
            Self::Postgres(store) => store.load(number),
        }
    }

    /// Whether what was read before may be relied on: not where others may have destroyed keys since anybody could ask.
    pub(crate) fn trusts_cache(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(store) => store.trusts_cache(),
        }
    }

    /// Destroys the key in this place; on disk when this returns. False if there never was one.
    pub(crate) fn destroy(&self, place: Place) -> Result<bool, KeyRingError> {
        match self {
            Self::Sqlite(store) => store.destroy(place),
            Self::Postgres(store) => store.destroy(place),
        }
    }

    /// Until the guard is dropped, nothing of ours reads in a way that keeps old copies alive.
    pub(crate) fn without_readers(&self) -> Option<MutexGuard<'_, ()>> {
        match self {
            Self::Sqlite(store) => Some(store.without_readers()),
            Self::Postgres(_) => None,
        }
    }

    /// Removes what is left of older states of blocks, as far as the engine lets us (crate documentation).
    pub(crate) fn drop_old_copies(&self) -> Result<(), KeyRingError> {
        match self {
            Self::Sqlite(store) => store.drop_old_copies(),
            Self::Postgres(store) => {
                store.drop_old_copies();
                Ok(())
            }
        }
    }

    /// Copies the ring, as it is at one instant, to a new file, durably.
    pub(crate) fn backup_to(&self, target: &Path) -> Result<(), KeyRingError> {
        let store = match self {
            Self::Sqlite(store) => return store.backup_to(target),
            Self::Postgres(store) => store,
        };
        let file = sqlite::new_tables(target)?;
        let copied = store.export(target).and_then(|_| file.sync_all().map_err(KeyRingError::file(target)));
        if copied.is_err() {
            // Best effort: half a backup is none.
            let _ = std::fs::remove_file(target);
        }
        copied.and_then(|()| sync_folder_of(target))
    }
}

/// Carries the ring in this file over to a database.
pub(crate) async fn copy_to_postgres(file: &Path, master: &MasterKey, target: &Server) -> Result<Contents, KeyRingError> {
    sqlite::check_file(file, master)?;
    let schema = postgres::schema(target).await?;
    Ok(postgres_schema::import(file, &schema, TABLES).await?)
}

/// Whether there is a ring in this database.
pub(crate) async fn is_in_postgres(server: &Server) -> Result<bool, KeyRingError> {
    postgres::is_there(server).await
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(store) => store.path().display().fmt(f),
            Self::Postgres(store) => store.fmt(f),
        }
    }
}
