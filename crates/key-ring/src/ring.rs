//! The key ring.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use domain::PersonId;
use parking_lot::{Condvar, Mutex, MutexGuard};

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
    path: PathBuf,
    /// Also held while a block goes from the database into the cache, so that no state from before a destruction gets in after it.
    store: Mutex<Store>,
    cache: Cache,
    leases: Mutex<Leases>,
    /// Signalled whenever a lease is done, well or not.
    leased: Condvar,
    /// Held by a backup and by a destruction: a reader would keep old pages alive.
    reading: Mutex<()>,
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
        let inner = Arc::new(Inner {
            path: path.to_owned(),
            store: Mutex::new(Store::open(path, master)?),
            cache: Cache::new(cache_bytes),
            leases: Mutex::default(),
            leased: Condvar::new(),
            reading: Mutex::default(),
        });
        let (wake, woken) = channel();
        let leasing = Arc::clone(&inner);
        let thread = std::thread::Builder::new()
            .name("key-ring-lease".to_owned())
            .spawn(move || lease_ahead(&leasing, &woken))
            .map_err(KeyRingError::Thread)?;
        Ok(Self { inner, wake: Some(wake), thread: Some(thread) })
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
        let _no_readers = self.inner.reading.lock();
        let mut store = self.inner.store.lock();
        let mut block = store.load(place.block)?.ok_or(KeyRingError::UnknownPerson(person))?;
        match block.slot(place.slot) {
            Slot::None => return Err(KeyRingError::UnknownPerson(person)),
            Slot::Destroyed => {}
            Slot::Key(_) => {
                block.destroy(place.slot);
                store.replace(&block)?;
            }
        }
        self.inner.cache.put(block);
        store.drop_old_copies()
    }

    /// Whether the person's key was destroyed.
    ///
    /// # Errors
    /// [`KeyRingError::UnknownPerson`]; or the block cannot be read.
    pub fn is_destroyed(&self, person: PersonId) -> Result<bool, KeyRingError> {
        Ok(self.key(person)?.is_none())
    }

    /// Copies the ring, as it is at one instant, to a new file, durably, while it is in use. A backup of the log that is to
    /// be read with it must have been taken before: then every person in that log has a key in this copy.
    ///
    /// # Errors
    /// [`KeyRingError::BackupExists`]; or the disk refused.
    pub fn backup_to(&self, path: &Path) -> Result<(), KeyRingError> {
        let _no_destruction = self.inner.reading.lock();
        store::copy(&self.inner.path, path)
    }

    /// The person's key; none if it was destroyed.
    fn key(&self, person: PersonId) -> Result<Option<Key>, KeyRingError> {
        let unknown = KeyRingError::UnknownPerson(person);
        let Some(place) = Place::of(person) else { return Err(unknown) };
        let slot = match self.inner.cache.slot(place) {
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
        f.debug_struct("KeyRing").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Inner {
    /// Leases a block without holding the lock meanwhile; `leasing` was set by the caller and is cleared here.
    fn lease<'a>(&'a self, leases: MutexGuard<'a, Leases>) -> Result<MutexGuard<'a, Leases>, KeyRingError> {
        let slots = leases.next_slots();
        drop(leases);
        let block = self.store.lock().lease(slots);
        let mut leases = self.leases.lock();
        leases.leasing = false;
        self.leased.notify_all();
        let block = block?;
        leases.add(&block);
        self.cache.put(block);
        Ok(leases)
    }

    /// What lies at this place, from the database; its block is in the cache afterwards.
    fn load(&self, place: Place) -> Result<Option<Slot>, KeyRingError> {
        let store = self.store.lock();
        if let Some(slot) = self.cache.slot(place) {
            return Ok(Some(slot));
        }
        let Some(block) = store.load(place.block)? else { return Ok(None) };
        let slot = block.slot(place.slot);
        self.cache.put(block);
        Ok(Some(slot))
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
