//! What can go wrong with keys.

use std::path::PathBuf;

use domain::PersonId;
use postgres_schema::{SchemaError, TablesError};

/// What can go wrong with keys. None of the texts holds key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The master key is gone, and what it sealed is still there. Making a new one would not open it.
    #[error(
        "the master key is missing, but {} was sealed under it. Put the key back at {}, or name its place with the master key \
         setting; without it the personal data in the record cannot be read",
        sealed.display(), expected.display()
    )]
    MasterKeyLost {
        /// What was sealed under the key.
        sealed: PathBuf,
        /// Where the key lay by default.
        expected: PathBuf,
    },
    /// The file that the configuration names is not there.
    #[error("there is no master key file at {}, where the configuration says it is", .0.display())]
    MasterKeyFileMissing(PathBuf),
    /// The text is not a master key.
    #[error("{place} does not hold a master key: one line is expected, 'gatehouse-master-key-1:' and 64 hexadecimal digits")]
    MasterKeyMalformed {
        /// Where the text comes from.
        place: String,
    },
    /// The master key is not the one under which the ring was made.
    #[error("the master key is not the one that {} was sealed under. Nothing was changed; start again with the right key", ring)]
    MasterKeyWrong {
        /// The ring's file or database.
        ring: String,
    },
    /// The ring was written by a newer Gatehouse.
    #[error("the key ring {} has format {found}, which this version does not know. Use the newer version that wrote it", ring.display())]
    NewerFormat {
        /// The ring's file.
        ring: PathBuf,
        /// Its format.
        found: i64,
    },
    /// No key was ever made for this id.
    #[error("the key ring has no key for person {0}")]
    UnknownPerson(PersonId),
    /// The key of this person was destroyed, so nothing can be sealed under it.
    #[error("the key of person {0} was destroyed")]
    Destroyed(PersonId),
    /// The sealed bytes are not what was sealed for this person in this place.
    #[error("what was sealed for person {0} was changed, or belongs elsewhere")]
    Tampered(PersonId),
    /// A block cannot be opened under the master key, or has the wrong size.
    #[error("block {0} of the key ring is damaged")]
    BlockDamaged(u64),
    /// All 2^48 block numbers are used.
    #[error("the key ring has no block numbers left")]
    Exhausted,
    /// A reader of the ring's file keeps older pages alive, so the key is destroyed but an old copy is still on disk.
    #[error("the key was destroyed, but an older copy is still in the ring's write-ahead log because another program reads the file")]
    OldCopyRemains,
    /// Where a backup should go, there is something already.
    #[error("{} exists already: a backup does not overwrite", .0.display())]
    BackupExists(PathBuf),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Randomness(#[source] getrandom::Error),
    /// A file could not be read or written.
    #[error("{} could not be read or written", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database refused.
    #[error("the key ring's database refused")]
    Database(#[from] rusqlite::Error),
    /// The PostgreSQL database refused, or did not answer in time. Whether what was asked for was done is not known then.
    #[error("the key ring's PostgreSQL database refused, or did not answer")]
    Postgres(#[from] sqlx::Error),
    /// The schema in PostgreSQL cannot be opened.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The ring could not be carried over.
    #[error("the key ring could not be copied")]
    Copy(#[from] TablesError),
    /// Others changed the same block again and again. Try again.
    #[error("block {0} of the key ring is being changed by others")]
    Contended(u64),
    /// The thread that leases ahead could not be started.
    #[error("the key ring's thread could not be started")]
    Thread(#[source] std::io::Error),
}

impl KeyRingError {
    /// Wraps an IO error with the file it is about.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

impl From<getrandom::Error> for KeyRingError {
    fn from(error: getrandom::Error) -> Self {
        Self::Randomness(error)
    }
}
