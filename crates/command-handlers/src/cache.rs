//! Folded states of streams, in memory, bounded, each under the lock of its shard.

use std::hash::{BuildHasher, RandomState};

use domain::{Aggregate, CommandId};
use event_codec::Fingerprint;
use event_store::{AppendError, Appended, Expected, Gate};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use hashlink::LruCache;
use parking_lot::{Mutex, MutexGuard};
use uuid::Uuid;

/// The outcome of a queued append, for all whose decisions rest on it.
pub(crate) type Outcome = Shared<BoxFuture<'static, Result<Appended, AppendError>>>;

/// An append that is queued and not known to be on disk.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) outcome: Outcome,
    pub(crate) gate: Gate,
}

/// A command that the stream has accepted.
#[derive(Clone, Copy)]
pub(crate) struct Accepted {
    pub(crate) command: CommandId,
    pub(crate) fingerprint: Fingerprint,
    /// Version of the last event that followed from it.
    pub(crate) version: u64,
}

/// What the events of one stream fold to.
pub(crate) struct Entry<A: Aggregate> {
    pub(crate) state: A::State,
    /// Version of the newest event; none: the stream has none.
    pub(crate) version: Option<u64>,
    /// Every command that the stream has accepted, oldest first.
    pub(crate) accepted: Vec<Accepted>,
    /// The newest append, while it is not known to be on disk. Those before it are on disk when it is.
    pub(crate) pending: Option<Pending>,
}

impl<A: Aggregate> Default for Entry<A> {
    fn default() -> Self {
        Self { state: A::State::default(), version: None, accepted: Vec::new(), pending: None }
    }
}

impl<A: Aggregate> Entry<A> {
    pub(crate) fn expected(&self) -> Expected {
        self.version.map_or(Expected::NoStream, Expected::Exact)
    }

    pub(crate) fn accepted(&self, command: CommandId) -> Option<Accepted> {
        self.accepted.iter().rev().find(|accepted| accepted.command == command).copied()
    }

    /// Adds events that this command has brought about.
    pub(crate) fn apply(&mut self, events: &[A::Event], command: CommandId, fingerprint: Fingerprint) {
        for event in events {
            self.state = A::evolve(std::mem::take(&mut self.state), event);
            self.version = Some(self.version.map_or(0, |version| version + 1));
        }
        let Some(version) = self.version else { return };
        match self.accepted.last_mut() {
            Some(last) if last.command == command => last.version = version,
            Some(_) | None => self.accepted.push(Accepted { command, fingerprint, version }),
        }
    }

    /// What is still to be waited for before anything that rests on this state may be said. A settled success is dropped
    /// here; a settled failure makes the entry worthless.
    pub(crate) fn settle(&mut self) -> Settled {
        let Some(pending) = &self.pending else { return Settled::OnDisk };
        match pending.outcome.clone().now_or_never() {
            None => Settled::Waiting(pending.clone()),
            Some(Ok(_)) => {
                self.pending = None;
                Settled::OnDisk
            }
            Some(Err(_)) => Settled::Lost,
        }
    }
}

/// How far the newest append of an entry is.
pub(crate) enum Settled {
    OnDisk,
    Waiting(Pending),
    Lost,
}

/// The folded states of one kind of aggregate.
pub(crate) struct Cache<A: Aggregate> {
    shards: Vec<Mutex<Shard<A>>>,
    hasher: RandomState,
}

pub(crate) type Shard<A> = LruCache<Uuid, Entry<A>>;

const SHARDS: usize = 32;

impl<A: Aggregate> Cache<A> {
    /// Keeps about so many streams.
    pub(crate) fn new(streams: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::new(LruCache::new((streams / SHARDS).max(8)))).collect();
        Self { shards, hasher: RandomState::new() }
    }

    /// Locks the shard of a stream.
    pub(crate) fn shard(&self, key: Uuid) -> Option<MutexGuard<'_, Shard<A>>> {
        let index = usize::try_from(self.hasher.hash_one(key)).unwrap_or_default() % SHARDS;
        self.shards.get(index).map(Mutex::lock)
    }

    /// Forgets a stream.
    pub(crate) fn evict(&self, key: Uuid) {
        if let Some(mut shard) = self.shard(key) {
            shard.remove(&key);
        }
    }

    /// Forgets all streams.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            shard.lock().clear();
        }
    }
}
