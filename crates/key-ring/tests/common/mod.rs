//! Rings in folders and databases of their own.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::path::{Path, PathBuf};

use domain::PersonId;
use key_ring::{KeyRing, KeyRingError, MasterKey};
use postgres_schema::Server;
use tempfile::TempDir;
use test_support::servers::TestDatabase;

/// A folder with a ring in a file.
pub(crate) struct Folder {
    pub(crate) folder: TempDir,
    pub(crate) master: MasterKey,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), master: master() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(KeyRing::FILE_NAME)
    }

    pub(crate) fn open(&self) -> KeyRing {
        KeyRing::open(&self.path(), &self.master).unwrap()
    }

    /// The files as a power cut would leave them, in another folder.
    pub(crate) fn image(&self) -> Self {
        let image = Self::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            if file.file_name() != "key-ring.db-shm" {
                std::fs::copy(file.path(), image.folder.path().join(file.file_name())).unwrap();
            }
        }
        image
    }

    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        std::fs::read_dir(self.folder.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

/// Where a ring is kept.
pub(crate) enum Home {
    File(Folder),
    Postgres(TestDatabase),
}

impl Home {
    pub(crate) fn in_file() -> Self {
        Self::File(Folder::new())
    }

    pub(crate) fn in_postgres() -> Self {
        Self::Postgres(TestDatabase::create())
    }

    pub(crate) fn open(&self) -> KeyRing {
        self.open_with(&master(), 64 << 20).unwrap()
    }

    pub(crate) fn open_with(&self, master: &MasterKey, cache_bytes: usize) -> Result<KeyRing, KeyRingError> {
        match self {
            Self::File(folder) => KeyRing::open_with_cache(&folder.path(), master, cache_bytes),
            Self::Postgres(database) => waiting(KeyRing::open_postgres_with_cache(&server(database), master, cache_bytes)),
        }
    }

    /// Runs a statement behind the ring's back. `blocks` is the table of blocks.
    pub(crate) fn sql(&self, statement: &str) {
        match self {
            Self::File(folder) => rusqlite::Connection::open(folder.path()).unwrap().execute_batch(statement).unwrap(),
            Self::Postgres(database) => {
                database.sql(&format!("SET search_path TO gatehouse_keys; {statement}"));
            }
        }
    }

    /// Writes something else in the place of every block.
    pub(crate) fn damage_blocks(&self) {
        self.sql(match self {
            Self::File(_) => "UPDATE blocks SET sealed = zeroblob(length(sealed))",
            Self::Postgres(_) => "UPDATE blocks SET sealed = decode(repeat('00', length(sealed)), 'hex')",
        });
    }
}

pub(crate) fn master() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

/// The database, as the service would name it.
pub(crate) fn server(database: &TestDatabase) -> Server {
    database.url().parse().unwrap()
}

/// Waits for an answer where there is no runtime.
pub(crate) fn waiting<R>(answer: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(answer)
}

/// Block and slot, without the random part.
pub(crate) fn place(person: PersonId) -> [u8; 8] {
    person.0.as_bytes()[..8].try_into().unwrap()
}

/// The sealed row of the first block, as it is in the file.
pub(crate) fn sealed_block(path: &Path) -> Vec<u8> {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("SELECT sealed FROM blocks WHERE number = 1", [], |row| row.get(0)).unwrap()
}

pub(crate) fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
