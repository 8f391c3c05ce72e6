//! The vault itself: opening, copying, purging.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::PersonId;
use hmac::{Hmac, KeyInit, Mac};
use postgres_schema::{Contents, Server};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::hashing::{Hashing, HashingOptions};
use crate::store::{self, Store};

/// The key that the vault's contents are sealed under: derived from the master key for this purpose (`MasterKey::vault_key`
/// of the key ring). Wiped when dropped.
pub struct VaultKey {
    check: [u8; 32],
    pub(crate) verifiers: Zeroizing<[u8; 32]>,
    pub(crate) recovery_codes: Zeroizing<[u8; 32]>,
    pub(crate) marks: Zeroizing<[u8; 32]>,
}

impl VaultKey {
    /// The vault's key of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self {
            check: subkey(bytes, b"vault check 1"),
            verifiers: Zeroizing::new(subkey(bytes, b"vault verifiers 1")),
            recovery_codes: Zeroizing::new(subkey(bytes, b"vault recovery codes 1")),
            marks: Zeroizing::new(subkey(bytes, b"vault marks 1")),
        }
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
/// Methods that wait for the disk or for Argon2 run on tokio's threads for blocking work; looking up tokens and sessions happens in
/// memory, as a rule.
#[derive(Clone)]
pub struct Vault {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) key: VaultKey,
    pub(crate) hashing: Hashing,
    pub(crate) store: Store,
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
        let hashing = Hashing::new(hashing)?;
        let store = Store::in_file(path, key.check)?;
        Ok(Self { inner: Arc::new(Inner { key, hashing, store }) })
    }

    /// Opens the vault in the schema `gatehouse_vault` of this database, or makes an empty one. Any number of instances may use it at once.
    /// Its connections are driven by the runtime that this is called in, whoever uses them. No question waits longer than some seconds for
    /// a database that does not answer.
    ///
    /// # Errors
    /// [`VaultError::MasterKeyWrong`]; or the database cannot be used.
    pub async fn open_postgres(server: &Server, key: VaultKey) -> Result<Self, VaultError> {
        Self::open_postgres_with(server, key, HashingOptions::default()).await
    }

    /// As [`open_postgres`](Self::open_postgres), with these costs of a hashing.
    ///
    /// # Errors
    /// As [`open_postgres`](Self::open_postgres); [`VaultError::Hashing`] if Argon2 does not take the costs.
    pub async fn open_postgres_with(server: &Server, key: VaultKey, hashing: HashingOptions) -> Result<Self, VaultError> {
        let hashing = Hashing::new(hashing)?;
        let store = Store::in_postgres(server, key.check).await?;
        Ok(Self { inner: Arc::new(Inner { key, hashing, store }) })
    }

    /// Whether there is a vault in this database: where there is one, no master key but its own opens it, and none is to be made.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn is_in_postgres(server: &Server) -> Result<bool, VaultError> {
        store::is_in_postgres(server).await
    }

    /// Copies the vault in this file, whose process does not run meanwhile, into the schema `gatehouse_vault` of a database: all rows as
    /// they are, all or none, compared afterwards. Done before, it does nothing. The file is not changed.
    ///
    /// # Errors
    /// [`VaultError::MasterKeyWrong`], [`VaultError::NewerFormat`], [`VaultError::OlderFormat`]; [`VaultError::Copy`] if the schema
    /// holds something else, or either side refuses.
    pub async fn copy_to_postgres(file: &Path, key: &VaultKey, target: &Server) -> Result<Contents, VaultError> {
        store::copy_to_postgres(file, key.check, target).await
    }

    /// Copies the vault, as it is at one instant, to a new file, durably, while it is in use.
    ///
    /// # Errors
    /// [`VaultError::BackupExists`]; or the disk refused.
    pub async fn backup_to(&self, path: PathBuf) -> Result<(), VaultError> {
        self.inner.store.backup_to(path).await
    }

    /// How many hashes of passwords and one-time passwords were computed since this was opened: nearly all of the work that it does.
    #[must_use]
    pub fn hashings(&self) -> u64 {
        self.inner.hashing.computed()
    }

    /// Removes everything about a person who is forgotten: credentials in every state, counted attempts and sessions. A token that was
    /// theirs stays in the inventory, as nobody's. Doing it again does nothing new.
    ///
    /// # Errors
    /// [`VaultError::OldCopyRemains`] (call it again); or the disk refused.
    pub async fn purge_person(&self, person: PersonId) -> Result<(), VaultError> {
        self.inner.store.purge_person(person).await
    }

    /// How many rows there are about a person: credentials in every state, ceremonies, counted attempts, sessions. None, once they were purged.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn rows_about(&self, person: PersonId) -> Result<u64, VaultError> {
        self.inner.store.rows_about(person).await
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("kept_in", &self.inner.store.to_string()).finish_non_exhaustive()
    }
}
