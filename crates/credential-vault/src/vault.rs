//! The vault itself: opening, copying, purging.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::PersonId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use parking_lot::Mutex;
use rusqlite::{Connection, params};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::hashing::{Hashing, HashingOptions};
use crate::sessions::Sessions;
use crate::store;
use crate::tokens::Tokens;

/// How long what another process changed may go unnoticed, in microseconds.
const NOTICE_AFTER_US: u64 = 1_000_000;

/// The key that the vault's contents are sealed under: derived from the master key for this purpose (`MasterKey::vault_key`
/// of the key ring). Wiped when dropped.
pub struct VaultKey {
    check: [u8; 32],
    pub(crate) verifiers: Zeroizing<[u8; 32]>,
}

impl VaultKey {
    /// The vault's key of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self { check: subkey(bytes, b"vault check 1"), verifiers: Zeroizing::new(subkey(bytes, b"vault verifiers 1")) }
    }
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

fn subkey(key: &[u8; 32], label: &[u8]) -> [u8; 32] {
    // HMAC fills a shorter key with zeros up to its block of 64 bytes (RFC 2104); done here, where nothing can fail.
    let mut block = Zeroizing::new([0_u8; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(label);
    mac.finalize().into_bytes().into()
}

/// The credential vault: see the crate documentation. A clone is the same vault.
///
/// Methods that wait for the disk or for Argon2 are `async` and run on tokio's threads for blocking work; looking up tokens
/// and sessions happens in memory.
#[derive(Clone)]
pub struct Vault {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    pub(crate) key: VaultKey,
    pub(crate) hashing: Hashing,
    /// Held while a change goes to the database and into what is kept in memory, so that both always agree.
    pub(crate) connection: Mutex<Connection>,
    pub(crate) tokens: Tokens,
    pub(crate) sessions: Sessions,
    seen_version: AtomicI64,
    looked_at_us: AtomicI64,
}

impl Vault {
    /// The file's name in a data folder.
    pub const FILE_NAME: &str = "credential-vault.db";

    /// Opens the vault in this file, or makes an empty one. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`VaultError::MasterKeyWrong`], [`VaultError::NewerFormat`]; or the file cannot be read or written.
    pub fn open(path: &Path, key: VaultKey) -> Result<Self, VaultError> {
        Self::open_with(path, key, HashingOptions::default())
    }

    /// As [`open`](Self::open), with these costs of a hashing.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`VaultError::Hashing`] if Argon2 does not take the costs.
    pub fn open_with(path: &Path, key: VaultKey, hashing: HashingOptions) -> Result<Self, VaultError> {
        let connection = store::open(path, key.check)?;
        let inner = Inner {
            path: path.to_owned(),
            hashing: Hashing::new(hashing)?,
            tokens: Tokens::default(),
            sessions: Sessions::default(),
            seen_version: AtomicI64::new(store::data_version(&connection)?),
            looked_at_us: AtomicI64::new(i64::MIN),
            connection: Mutex::new(connection),
            key,
        };
        inner.reload(&inner.connection.lock())?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Copies the vault, as it is at one instant, to a new file, durably, while it is in use.
    ///
    /// # Errors
    /// [`VaultError::BackupExists`]; or the disk refused.
    pub async fn backup_to(&self, path: PathBuf) -> Result<(), VaultError> {
        self.run(move |inner| store::copy(&inner.path, &path)).await
    }

    /// Removes everything about a person who is forgotten: credentials in every state and sessions. Doing it again does
    /// nothing new.
    ///
    /// # Errors
    /// [`VaultError::OldCopyRemains`] (call it again); or the disk refused.
    pub async fn purge_person(&self, person: PersonId) -> Result<(), VaultError> {
        self.run(move |inner| {
            let mut connection = inner.connection.lock();
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM credentials WHERE person = ?1", params![person.0.as_bytes()])?;
            transaction.execute("DELETE FROM sessions WHERE person = ?1", params![person.0.as_bytes()])?;
            transaction.commit()?;
            inner.sessions.forget_all(person);
            store::drop_old_copies(&connection)
        })
        .await
    }

    /// Runs what waits for the disk on a thread for blocking work.
    pub(crate) async fn run<R, F>(&self, work: F) -> Result<R, VaultError>
    where
        R: Send + 'static,
        F: FnOnce(&Inner) -> Result<R, VaultError> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(|_| VaultError::Interrupted)?
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Inner {
    /// Takes in what another process has changed, at most once a second; without waiting if the database is in use.
    pub(crate) fn notice_changes(&self, now: Timestamp) {
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
        let version = store::data_version(connection)?;
        if version != self.seen_version.load(Ordering::Relaxed) {
            self.reload(connection)?;
            self.seen_version.store(version, Ordering::Relaxed);
        }
        Ok(())
    }

    fn reload(&self, connection: &Connection) -> Result<(), VaultError> {
        self.tokens.load(connection)?;
        self.sessions.load(connection)
    }
}
