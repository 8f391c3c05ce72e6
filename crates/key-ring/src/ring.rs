//! The key ring.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::PersonId;
use parking_lot::{Condvar, Mutex, MutexGuard};
use postgres_schema::{Contents, Server};

use crate::aead::{self, SealError};
use crate::block::{Key, Slot};
use crate::cache::Cache;
use crate::error::KeyRingError;
use crate::lease::Leases;
use crate::master_key::MasterKey;
use crate::person::Place;
use crate::random::random;
use crate::store::{self, Store};

/// Opened blocks kept in memory by default: the keys of two million people.
const CACHE_BYTES: usize = 64 << 20;

/// How long to wait for another thread that reads a block.
const TURN: Duration = Duration::from_secs(5);

/// The keys of all people: see the crate documentation. Share it in an `Arc`; every method takes `&self`.
///
/// `allot`, `seal` and `open` work in memory, but for the rare block that must be read first (0.3 ms) or, when people are
/// allotted faster than blocks can be leased ahead, leased (one fsync). `destroy` and `backup_to` wait for the disk: call them where
/// blocking is allowed.
pub struct KeyRing {
    inner: Arc<Inner>,
    /// Wakes the thread that leases ahead; taken when the ring is dropped, which ends the thread.
    wake: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Inner {
    store: Store,
    cache: Arc<Cache>,
    /// Held while a block is read, so that several who need the same one read it once.
    reading: Mutex<()>,
    leases: Mutex<Leases>,
    /// Signalled whenever a lease is done, well or not.
    leased: Condvar,
}

impl KeyRing {
    /// The file's name in a data folder.
    pub const FILE_NAME: &str = "key-ring.db";

    /// Opens the ring in this file, or makes an empty one. No block is leased before the first person is allotted.
    ///
    /// # Errors
    /// [`KeyRingError::MasterKeyWrong`], [`KeyRingError::NewerFormat`]; or the file cannot be read or written.
    pub fn open(path: &Path, master: &MasterKey) -> Result<Self, KeyRingError> {
        Self::open_with_cache(path, master, CACHE_BYTES)
    }

    /// As [`open`](Self::open), with a limit in bytes on the opened blocks kept in memory (default: 64 MiB).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_cache(path: &Path, master: &MasterKey, cache_bytes: usize) -> Result<Self, KeyRingError> {
        Self::start(Store::in_file(path, master)?, Arc::new(Cache::new(cache_bytes)))
    }

    /// Opens the ring in the schema `gatehouse_keys` of this database, or makes an empty one. Any number of instances may use it at once.
    ///
    /// The ring keeps its connections on a thread of its own: it may be used from anywhere, as one in a file. No method waits longer than
    /// some seconds for a database that does not answer. What another instance destroys is destroyed here half a second later, sooner
    /// where [`forget_cached`](Self::forget_cached) says so.
    ///
    /// # Errors
    /// [`KeyRingError::MasterKeyWrong`]; or the database cannot be used.
    pub async fn open_postgres(server: &Server, master: &MasterKey) -> Result<Self, KeyRingError> {
        Self::open_postgres_with_cache(server, master, CACHE_BYTES).await
    }

    /// As [`open_postgres`](Self::open_postgres), with a limit in bytes on the opened blocks kept in memory.
    ///
    /// # Errors
    /// As [`open_postgres`](Self::open_postgres).
    pub async fn open_postgres_with_cache(server: &Server, master: &MasterKey, cache_bytes: usize) -> Result<Self, KeyRingError> {
        let cache = Arc::new(Cache::new(cache_bytes));
        Self::start(Store::in_postgres(server, master, Arc::clone(&cache)).await?, cache)
    }

    fn start(store: Store, cache: Arc<Cache>) -> Result<Self, KeyRingError> {
        let inner = Arc::new(Inner { store, cache, reading: Mutex::default(), leases: Mutex::default(), leased: Condvar::new() });
        let (wake, woken) = channel();
        let leasing = Arc::clone(&inner);
        let thread = std::thread::Builder::new()
            .name("key-ring-lease".to_owned())
            .spawn(move || lease_ahead(&leasing, &woken))
            .map_err(KeyRingError::Thread)?;
        Ok(Self { inner, wake: Some(wake), thread: Some(thread) })
    }

    /// Whether there is a ring in this database: where there is one, no master key but its own opens it, and none is to be made.
    ///
    /// # Errors
    /// If the database cannot be asked.
    pub async fn is_in_postgres(server: &Server) -> Result<bool, KeyRingError> {
        store::is_in_postgres(server).await
    }

    /// Copies the ring in this file, whose process does not run meanwhile, into the schema `gatehouse_keys` of a database: all rows as
    /// they are, all or none, compared afterwards. Done before, it does nothing. The file is not changed.
    ///
    /// # Errors
    /// [`KeyRingError::MasterKeyWrong`], [`KeyRingError::NewerFormat`]; [`KeyRingError::Copy`] if the schema holds something else, or
    /// either side refuses.
    pub async fn copy_to_postgres(file: &Path, master: &MasterKey, target: &Server) -> Result<Contents, KeyRingError> {
        store::copy_to_postgres(file, master, target).await
    }

    /// A new person: an id that no process ever got before, whose key is on disk already.
    ///
    /// # Errors
    /// If a block had to be leased and could not be, or there are no random bytes. Nothing is lost: try again.
    pub fn allot(&self) -> Result<PersonId, KeyRingError> {
        let random = random()?;
        let mut leases = self.inner.leases.lock();
        loop {
            if let Some(place) = leases.take() {
                if leases.wants_more() {
                    leases.leasing = true;
                    drop(leases);
                    self.wake_thread();
                }
                return Ok(place.person(random));
            }
            if leases.leasing {
                self.inner.leased.wait(&mut leases);
            } else {
                leases.leasing = true;
                leases = self.inner.lease(leases)?;
            }
        }
    }

    fn wake_thread(&self) {
        let sent = self.wake.as_ref().is_some_and(|wake| wake.send(()).is_ok());
        if !sent {
            self.inner.leases.lock().leasing = false;
            self.inner.leased.notify_all();
        }
    }

    /// Seals a value about this person: `nonce (24) || ciphertext || tag (16)`, XChaCha20-Poly1305 under the person's key,
    /// bound to the person's id and to `aad` (where the value belongs: stream and event id).
    ///
    /// # Errors
    /// [`KeyRingError::Destroyed`], [`KeyRingError::UnknownPerson`]; or the block cannot be read.
    pub fn seal(&self, person: PersonId, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, KeyRingError> {
        let key = self.key(person)?.ok_or(KeyRingError::Destroyed(person))?;
        with_person(person, aad, |aad| aead::seal(&key, aad, plaintext)).map_err(|error| match error {
            SealError::Randomness(source) => KeyRingError::Randomness(source),
            SealError::TooLong => KeyRingError::Tampered(person),
        })
    }

    /// Opens what [`seal`](Self::seal) made for this person with the same `aad`. None: the person was forgotten.
    ///
    /// # Errors
    /// [`KeyRingError::Tampered`], [`KeyRingError::UnknownPerson`]; or the block cannot be read.
    pub fn open_sealed(&self, person: PersonId, aad: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeyRingError> {
        let Some(key) = self.key(person)? else { return Ok(None) };
        with_person(person, aad, |aad| aead::open(&key, aad, sealed)).map(Some).ok_or(KeyRingError::Tampered(person))
    }

    /// Destroys the person's key, for good: what was sealed under it cannot be opened again. On disk when this returns,
    /// with no copy left in the ring's files. Doing it again does nothing new.
    ///
    /// # Errors
    /// [`KeyRingError::UnknownPerson`]; [`KeyRingError::OldCopyRemains`] (call it again); or the disk refused.
    pub fn destroy(&self, person: PersonId) -> Result<(), KeyRingError> {
        let place = Place::of(person).ok_or(KeyRingError::UnknownPerson(person))?;
        let _no_readers = self.inner.store.without_readers();
        if !self.inner.store.destroy(place)? {
            return Err(KeyRingError::UnknownPerson(person));
        }
        self.inner.cache.forget(place.block);
        self.inner.store.drop_old_copies()
    }

    /// Drops what this process remembers of the person's key, and of those beside it: to be called when the record says that the person
    /// was forgotten, perhaps by another instance.
    pub fn forget_cached(&self, person: PersonId) {
        if let Some(place) = Place::of(person) {
            self.inner.cache.forget(place.block);
        }
    }

    /// Whether the person's key was destroyed.
    ///
    /// # Errors
    /// [`KeyRingError::UnknownPerson`]; or the block cannot be read.
    pub fn is_destroyed(&self, person: PersonId) -> Result<bool, KeyRingError> {
        Ok(self.key(person)?.is_none())
    }

    /// Where this person's key lies, or lay: the number of its block, counting from 1, and the slot in it. None: the id was not made by a ring.
    #[must_use]
    pub fn place_of(person: PersonId) -> Option<(u64, u16)> {
        Place::of(person).map(|place| (place.block, place.slot))
    }

    /// Copies the ring, as it is at one instant, to a new file, durably, while it is in use. A backup of the log that is to
    /// be read with it must have been taken before: then every person in that log has a key in this copy.
    ///
    /// # Errors
    /// [`KeyRingError::BackupExists`]; or the disk refused.
    pub fn backup_to(&self, path: &Path) -> Result<(), KeyRingError> {
        self.inner.store.backup_to(path)
    }

    /// The person's key; none if it was destroyed.
    fn key(&self, person: PersonId) -> Result<Option<Key>, KeyRingError> {
        let unknown = KeyRingError::UnknownPerson(person);
        let Some(place) = Place::of(person) else { return Err(unknown) };
        let slot = match self.inner.cached(place) {
            Some(slot) => Some(slot),
            None => self.inner.load(place)?,
        };
        match slot {
            Some(Slot::Key(key)) => Ok(Some(key)),
            Some(Slot::Destroyed) => Ok(None),
            Some(Slot::None) | None => Err(unknown),
        }
    }
}

impl Drop for KeyRing {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            // A panic of that thread was reported when it happened, and there is nobody here to tell.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("kept_in", &self.inner.store.to_string()).finish_non_exhaustive()
    }
}

impl Inner {
    /// Leases a block without holding the lock meanwhile; `leasing` was set by the caller and is cleared here.
    fn lease<'a>(&'a self, leases: MutexGuard<'a, Leases>) -> Result<MutexGuard<'a, Leases>, KeyRingError> {
        let slots = leases.next_slots();
        drop(leases);
        let block = self.store.lease(slots);
        let mut leases = self.leases.lock();
        leases.leasing = false;
        self.leased.notify_all();
        let block = block?;
        leases.add(&block);
        self.cache.put_new(block);
        Ok(leases)
    }

    /// What lies at this place, if that is in memory and may be relied on.
    fn cached(&self, place: Place) -> Option<Slot> {
        if self.store.trusts_cache() { self.cache.slot(place) } else { None }
    }

    /// What lies at this place, from the store; its block is in the cache afterwards.
    fn load(&self, place: Place) -> Result<Option<Slot>, KeyRingError> {
        let _turn = self.reading.try_lock_for(TURN).ok_or(KeyRingError::Postgres(sqlx::Error::PoolTimedOut))?;
        if let Some(slot) = self.cached(place) {
            return Ok(Some(slot));
        }
        loop {
            let changes = self.cache.changes();
            let Some(block) = self.store.load(place.block)? else { return Ok(None) };
            let slot = block.slot(place.slot);
            if self.cache.put_read(block, changes) {
                return Ok(Some(slot));
            }
        }
    }
}

/// The thread that leases the next block whenever it is woken; ends when the ring is dropped.
fn lease_ahead(inner: &Inner, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        if let Err(error) = inner.lease(inner.leases.lock()) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the next block of keys could not be leased ahead");
        }
    }
}

/// Puts the person's id before the associated data; on the stack, as long as it is of ordinary length.
fn with_person<R>(person: PersonId, aad: &[u8], then: impl FnOnce(&[u8]) -> R) -> R {
    let mut bound = [0_u8; 128];
    let length = 16 + aad.len();
    if let Some((id, rest)) = bound.get_mut(..length).and_then(|bound| bound.split_at_mut_checked(16)) {
        id.copy_from_slice(person.0.as_bytes());
        rest.copy_from_slice(aad);
        return then(bound.get(..length).unwrap_or_default());
    }
    then(&[person.0.as_bytes(), aad].concat())
}
