//! What can go wrong with the vault.

use std::path::PathBuf;

use domain::CredentialId;
use postgres_schema::{SchemaError, TablesError};

/// What can go wrong with the vault. None of the texts holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The master key is not the one under which the vault was made.
    #[error("the master key is not the one that {} was sealed under. Nothing was changed; start again with the right key", vault)]
    MasterKeyWrong {
        /// The vault's file or database.
        vault: String,
    },
    /// The vault was written by a newer Gatehouse.
    #[error("the credential vault {} has format {found}, which this version does not know. Use the newer version that wrote it", vault.display())]
    NewerFormat {
        /// The vault's file.
        vault: PathBuf,
        /// Its format.
        found: i64,
    },
    /// The file was written by an older Gatehouse, and must be opened by this one before it can be copied.
    #[error("the credential vault {} has the old format {found}. Start this version on it once, then copy it", vault.display())]
    OlderFormat {
        /// The vault's file.
        vault: PathBuf,
        /// Its format.
        found: i64,
    },
    /// A verifier cannot be opened under the vault's key.
    #[error("the verifier of credential {0} is damaged")]
    Damaged(CredentialId),
    /// A row cannot be read.
    #[error("a row of {table} in the vault cannot be read")]
    DamagedRow {
        /// The table.
        table: &'static str,
    },
    /// Another program reads the file, so what was removed is still in its write-ahead log. Try again.
    #[error("what was removed is still in the vault's write-ahead log because another program reads the file")]
    OldCopyRemains,
    /// Where a backup should go, there is something already.
    #[error("{} exists already: a backup does not overwrite", .0.display())]
    BackupExists(PathBuf),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Randomness(#[source] getrandom::Error),
    /// Argon2 refused its parameters or its input.
    #[error("a password could not be hashed: {0}")]
    Hashing(argon2::Error),
    /// The library for one-time passwords refused a generator or its labels.
    #[error("a generator of one-time passwords is impossible: {0}")]
    Generator(totp_rs::TotpError),
    /// The library for passkeys refused what it was given by us: not what an authenticator answered.
    #[error("a ceremony with an authenticator is impossible: {0}")]
    Passkey(String),
    /// What was to be sealed is too long.
    #[error("a secret is too long")]
    TooLong,
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
    #[error("the vault's database refused")]
    Database(#[from] rusqlite::Error),
    /// The PostgreSQL database refused, or did not answer in time. Whether what was asked for was done is not known then.
    #[error("the vault's PostgreSQL database refused, or did not answer")]
    Postgres(#[from] sqlx::Error),
    /// The schema in PostgreSQL cannot be opened.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The vault could not be carried over.
    #[error("the vault could not be copied")]
    Copy(#[from] TablesError),
    /// The process is shutting down.
    #[error("the vault was interrupted")]
    Interrupted,
}

impl VaultError {
    /// Whether a row was refused because another one has what only one may have.
    pub(crate) fn is_duplicate(&self) -> bool {
        match self {
            Self::Database(error) => {
                error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
            }
            Self::Postgres(error) => error.as_database_error().is_some_and(|error| error.is_unique_violation()),
            Self::MasterKeyWrong { .. }
            | Self::NewerFormat { .. }
            | Self::OlderFormat { .. }
            | Self::Damaged(_)
            | Self::DamagedRow { .. }
            | Self::OldCopyRemains
            | Self::BackupExists(_)
            | Self::Randomness(_)
            | Self::Hashing(_)
            | Self::Generator(_)
            | Self::Passkey(_)
            | Self::TooLong
            | Self::File { .. }
            | Self::Schema(_)
            | Self::Copy(_)
            | Self::Interrupted => false,
        }
    }

    /// Wraps an IO error with the file it is about.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}

impl From<getrandom::Error> for VaultError {
    fn from(error: getrandom::Error) -> Self {
        Self::Randomness(error)
    }
}
