//! Where the vault's rows are kept.

mod postgres;
mod rows;
mod sqlite;
mod statements;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{CredentialId, PersonId};
use jiff::Timestamp;
use postgres_schema::{Contents, Kind, Server, Table};

use crate::credentials::{CredentialKind, Pending};
use crate::error::VaultError;
use crate::second_factors::Factor;
use crate::sessions::{Live, SessionId};
use crate::text::TextHash;
use crate::tokens::{Token, TokenId};

use postgres::PostgresStore;
pub(crate) use rows::{
    Attempted, Attempting, Ceremony, Claimed, Counted, Ending, FactorRow, NewCredential, NewSession, NewStock, NewToken, PasskeyRow,
    Raising, Stock, Uncounted, UseUp,
};
use sqlite::SqliteStore;

/// What is carried over between a file and PostgreSQL: all that a vault is.
const TABLES: &[Table] = &[
    Table { name: "vault", columns: &[("master_key_check", Kind::Bytes)], page: 1 },
    Table {
        name: "credentials",
        columns: &[
            ("id", Kind::Bytes),
            ("person", Kind::Bytes),
            ("named_by", Kind::Bytes),
            ("kind", Kind::Integer),
            ("state", Kind::Integer),
            ("verifier", Kind::Bytes),
            ("failures", Kind::Integer),
            ("failed_at", Kind::Integer),
            ("expires_at", Kind::Integer),
            ("created_at", Kind::Integer),
            ("counter", Kind::Integer),
            ("last_used_at", Kind::Integer),
            ("mark", Kind::Bytes),
        ],
        page: 500,
    },
    Table { name: "attempts", columns: &[("person", Kind::Bytes), ("failures", Kind::Integer), ("failed_at", Kind::Integer)], page: 500 },
    Table {
        name: "ceremonies",
        columns: &[("id", Kind::Bytes), ("person", Kind::Bytes), ("state", Kind::Bytes), ("ends_at", Kind::Integer)],
        page: 500,
    },
    Table {
        name: "inventory",
        columns: &[
            ("serial", Kind::Bytes),
            ("generator", Kind::Bytes),
            ("counter", Kind::Integer),
            ("state", Kind::Integer),
            ("credential", Kind::Bytes),
            ("imported_at", Kind::Integer),
        ],
        page: 500,
    },
    Table {
        name: "tokens",
        columns: &[
            ("id", Kind::Bytes),
            ("hash", Kind::Bytes),
            ("name", Kind::Text),
            ("holder", Kind::Text),
            ("scopes", Kind::Text),
            ("created_at", Kind::Integer),
            ("expires_at", Kind::Integer),
            ("revoked_at", Kind::Integer),
        ],
        page: 500,
    },
    Table {
        name: "sessions",
        columns: &[
            ("id", Kind::Bytes),
            ("hash", Kind::Bytes),
            ("person", Kind::Bytes),
            ("organization", Kind::Bytes),
            ("staff", Kind::Bytes),
            ("assurance", Kind::Integer),
            ("created_at", Kind::Integer),
            ("proved_at", Kind::Integer),
            ("ends_at", Kind::Integer),
            ("idle_us", Kind::Integer),
            ("seen_at", Kind::Integer),
            ("label", Kind::Text),
            ("opened_by", Kind::Bytes),
        ],
        page: 500,
    },
];

/// Where the vault's rows are kept, with what is remembered of them. A change is on disk when its method returns, and once begun it is
/// brought to its end, even if the caller goes away.
pub(crate) enum Store {
    /// In a file.
    Sqlite(Arc<SqliteStore>),
    /// In a database that other instances use, too.
    Postgres(Arc<PostgresStore>),
}

/// The same question to either engine: on a thread for blocking work, or to the database, which gets some seconds for the answer.
macro_rules! either {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self {
            Self::Sqlite(store) => {
                let store = Arc::clone(store);
                tokio::task::spawn_blocking(move || store.$method($($argument),*)).await.map_err(|_| VaultError::Interrupted)?
            }
            Self::Postgres(store) => {
                let asked = Arc::clone(store);
                store.ask(async move { asked.$method($($argument),*).await }).await
            }
        }
    };
}

impl Store {
    /// Opens the vault in this file, or makes it.
    pub(crate) fn in_file(path: &Path, key_check: [u8; 32]) -> Result<Self, VaultError> {
        Ok(Self::Sqlite(Arc::new(SqliteStore::open(path, key_check)?)))
    }

    /// Opens the vault in this database, or makes it.
    pub(crate) async fn in_postgres(server: &Server, key_check: [u8; 32]) -> Result<Self, VaultError> {
        Ok(Self::Postgres(Arc::new(PostgresStore::open(server, key_check).await?)))
    }

    /// Keeps a credential, pending; false if its id is active or revoked already.
    pub(crate) async fn put(&self, new: NewCredential) -> Result<bool, VaultError> {
        either!(self.put(new))
    }

    /// Makes a pending credential active; whether it is active afterwards.
    pub(crate) async fn activate(&self, id: CredentialId) -> Result<bool, VaultError> {
        either!(self.activate(id))
    }

    /// Ends a credential and removes its verifier.
    pub(crate) async fn revoke(&self, id: CredentialId) -> Result<(), VaultError> {
        either!(self.revoke(id))
    }

    /// Counts an attempt as wrong, before it is compared.
    pub(crate) async fn count_attempt(&self, id: CredentialId, now: Timestamp) -> Result<Attempted, VaultError> {
        either!(self.count_attempt(id, now))
    }

    /// Writes as much as counting an attempt does, to a row of nobody.
    pub(crate) async fn pretend_to_count(&self, now: Timestamp) -> Result<(), VaultError> {
        either!(self.pretend_to_count(now))
    }

    /// Takes back what was counted for an attempt that was right; false if the credential is not active any more.
    pub(crate) async fn uncount(&self, id: CredentialId, kind: CredentialKind) -> Result<bool, VaultError> {
        let uncounted = Uncounted::of(kind);
        either!(self.uncount(id, uncounted))
    }

    /// Counts an attempt with a second factor as wrong, for its person, before it is compared.
    pub(crate) async fn count_proof(&self, id: CredentialId, is_pending: bool, now: Timestamp) -> Result<Attempting, VaultError> {
        either!(self.count_proof(id, is_pending, now))
    }

    /// Uses up a code that was right, and takes back what was counted for it, in one write; false if the row is not any more what it was
    /// when it was read, and nothing was changed.
    pub(crate) async fn use_up(&self, used: UseUp) -> Result<bool, VaultError> {
        either!(self.use_up(used))
    }

    /// A second factor as it is now, if it is in this state.
    pub(crate) async fn factor(&self, id: CredentialId, is_pending: bool) -> Result<Option<FactorRow>, VaultError> {
        either!(self.factor(id, is_pending))
    }

    /// All second factors of a person, oldest first.
    pub(crate) async fn factors_of(&self, person: PersonId) -> Result<Vec<Factor>, VaultError> {
        either!(self.factors_of(person))
    }

    /// Keeps a passkey, pending, if nobody has it.
    pub(crate) async fn put_passkey(&self, new: NewCredential) -> Result<Claimed, VaultError> {
        match self.put(new).await {
            Ok(true) => Ok(Claimed::Stored),
            Ok(false) => Ok(Claimed::Kept),
            Err(error) if error.is_duplicate() => Ok(Claimed::Taken),
            Err(error) => Err(error),
        }
    }

    /// The passkeys of a person that are pending or active, oldest first.
    pub(crate) async fn passkeys_of(&self, person: PersonId) -> Result<Vec<PasskeyRow>, VaultError> {
        either!(self.passkeys_of(person))
    }

    /// Begins a ceremony, in place of any other of its person and purpose.
    pub(crate) async fn begin_ceremony(&self, ceremony: Ceremony) -> Result<(), VaultError> {
        either!(self.begin_ceremony(ceremony))
    }

    /// Takes a ceremony away to finish it; none if there is none, or it is past its time.
    pub(crate) async fn take_ceremony(&self, person: PersonId, purpose: u8, now: Timestamp) -> Result<Option<Vec<u8>>, VaultError> {
        let taken = either!(self.take_ceremony(person, purpose))?;
        Ok(taken.filter(|(_, ends_at)| now.as_microsecond() < *ends_at).map(|(sealed, _)| sealed))
    }

    /// Adds a token to the inventory; gives the one that is there under this serial, if there is one, unchanged.
    pub(crate) async fn stock(&self, new: NewStock) -> Result<Option<Stock>, VaultError> {
        either!(self.stock(new))
    }

    /// The token of this serial.
    pub(crate) async fn stocked(&self, serial: String) -> Result<Option<Stock>, VaultError> {
        either!(self.stocked(serial))
    }

    /// The tokens of the inventory after this serial, by serial; of this state only, if one is told.
    pub(crate) async fn inventory(&self, after: String, state: Option<i64>, most: u32) -> Result<Vec<Stock>, VaultError> {
        either!(self.inventory(after, state, most))
    }

    /// Keeps a credential, pending, that is the token of this serial, if nobody else has that.
    pub(crate) async fn claim(&self, new: NewCredential, serial: String) -> Result<Claimed, VaultError> {
        either!(self.claim(new, serial))
    }

    /// Makes a token claimable whose credential was revoked; false if there is none such.
    pub(crate) async fn release(&self, serial: String) -> Result<bool, VaultError> {
        either!(self.release(serial))
    }

    /// The credentials that have been pending since before this instant.
    pub(crate) async fn pending(&self, older_than: Timestamp) -> Result<Vec<Pending>, VaultError> {
        either!(self.pending(older_than))
    }

    /// Removes those of these that are still pending since before this instant; how many.
    pub(crate) async fn sweep(&self, unnamed: Vec<CredentialId>, older_than: Timestamp) -> Result<usize, VaultError> {
        either!(self.sweep(unnamed, older_than))
    }

    /// Removes everything about a person.
    pub(crate) async fn purge_person(&self, person: PersonId) -> Result<(), VaultError> {
        either!(self.purge_person(person))
    }

    /// How many rows there are about a person.
    pub(crate) async fn rows_about(&self, person: PersonId) -> Result<u64, VaultError> {
        either!(self.rows_about(person))
    }

    /// Keeps a token.
    pub(crate) async fn insert_token(&self, new: NewToken) -> Result<(), VaultError> {
        either!(self.insert_token(new))
    }

    /// The token of this hash, if it was not revoked.
    pub(crate) async fn token(&self, hash: &TextHash, now: Timestamp) -> Result<Option<Arc<Token>>, VaultError> {
        match self {
            Self::Sqlite(store) => Ok(store.token(hash, now)),
            Self::Postgres(store) => PostgresStore::token(store, hash).await,
        }
    }

    /// All tokens, oldest first.
    pub(crate) async fn list_tokens(&self) -> Result<Vec<Token>, VaultError> {
        either!(self.list_tokens())
    }

    /// Ends a token; false if there is none of this id that works.
    pub(crate) async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, VaultError> {
        either!(self.revoke_token(id, now))
    }

    /// Keeps a session.
    pub(crate) async fn insert_session(&self, new: NewSession) -> Result<(), VaultError> {
        either!(self.insert_session(new))
    }

    /// The session of this hash, if it is not over.
    pub(crate) async fn session(&self, hash: &TextHash, now: Timestamp) -> Result<Option<Arc<Live>>, VaultError> {
        let live = match self {
            Self::Sqlite(store) => store.session(hash, now),
            Self::Postgres(store) => PostgresStore::session(store, hash, now).await?,
        };
        Ok(live.filter(|live| !live.is_over(now.as_microsecond())))
    }

    /// Writes down that a session was used.
    pub(crate) async fn touch_session(&self, id: SessionId, seen_at_us: i64) -> Result<(), VaultError> {
        either!(self.touch_session(id, seen_at_us))
    }

    /// Goes on with a session under another id and hash; none if it is over.
    pub(crate) async fn raise_session(&self, raising: Raising) -> Result<Option<Arc<Live>>, VaultError> {
        either!(self.raise_session(raising))
    }

    /// The sessions of somebody that are not over, oldest first.
    pub(crate) async fn sessions_of(&self, person: PersonId, now: Timestamp) -> Result<Vec<Arc<Live>>, VaultError> {
        let mut found = either!(self.sessions_of(person))?;
        found.retain(|live| !live.is_over(now.as_microsecond()));
        Ok(found)
    }

    /// Ends sessions; how many.
    pub(crate) async fn end_sessions(&self, ending: Ending) -> Result<u64, VaultError> {
        either!(self.end_sessions(ending))
    }

    /// Removes the sessions that are over; how many.
    pub(crate) async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        either!(self.sweep_sessions(now))
    }

    /// Copies the vault, as it is at one instant, to a new file, durably.
    pub(crate) async fn backup_to(&self, target: PathBuf) -> Result<(), VaultError> {
        match self {
            Self::Sqlite(store) => {
                let path = store.path().to_owned();
                tokio::task::spawn_blocking(move || sqlite::copy(&path, &target)).await.map_err(|_| VaultError::Interrupted)?
            }
            Self::Postgres(store) => export(store, &target).await,
        }
    }
}

async fn export(store: &PostgresStore, target: &Path) -> Result<(), VaultError> {
    let file = sqlite::new_tables(target)?;
    let exported = postgres_schema::export(store.schema(), TABLES, target).await.map_err(VaultError::from);
    let copied = exported.and_then(|_| file.sync_all().map_err(VaultError::file(target)));
    if copied.is_err() {
        // Best effort: half a backup is none.
        let _ = std::fs::remove_file(target);
    }
    copied.and_then(|()| sqlite::sync_folder_of(target))
}

/// Carries the vault in this file over to a database.
pub(crate) async fn copy_to_postgres(file: &Path, key_check: [u8; 32], target: &Server) -> Result<Contents, VaultError> {
    sqlite::check_file(file, key_check)?;
    let schema = postgres::schema(target).await?;
    Ok(postgres_schema::import(file, &schema, TABLES).await?)
}

/// Whether there is a vault in this database.
pub(crate) async fn is_in_postgres(server: &Server) -> Result<bool, VaultError> {
    postgres::is_there(server).await
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(store) => store.path().display().fmt(f),
            Self::Postgres(store) => store.schema().server().fmt(f),
        }
    }
}
