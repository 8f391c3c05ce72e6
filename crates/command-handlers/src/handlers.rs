//! Takes commands to their aggregates.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use domain::{Aggregate, Policy};
use event_codec::Codec;
use event_store::{Clock, EventStore, Position};
use parking_lot::RwLock;
use uuid::Uuid;

use crate::cache::{Cache, Entry, Settled};
use crate::conclude::Failed;
use crate::load::load;
use crate::reserve::Reserve;
use crate::stage::{Mode, Staged};
use crate::{Answer, CommandError, Sent};

/// How often a command is decided anew when others were faster, before it is answered as unavailable.
const ATTEMPTS: usize = 6;

/// What the composition root decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many streams of each kind of aggregate are kept folded in memory.
    pub cached_streams: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cached_streams: 4_000 }
    }
}

/// Takes commands to their aggregates. One for a process; shared by all who send commands.
pub struct CommandHandlers {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) codec: Codec,
    pub(crate) clock: Clock,
    policy: RwLock<Arc<Policy>>,
    settings: Settings,
    caches: RwLock<HashMap<TypeId, Arc<dyn AnyCache>>>,
}

impl std::fmt::Debug for CommandHandlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandHandlers").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A cache of whichever aggregate.
trait AnyCache: Any + Send + Sync {
    fn clear(&self);
}

impl<A: Aggregate> AnyCache for Cache<A> {
    fn clear(&self) {
        Self::clear(self);
    }
}

impl CommandHandlers {
    /// Handlers that decide with this clock and policy and append to this store.
    #[must_use]
    pub fn new(store: Arc<dyn EventStore>, codec: Codec, clock: Clock, policy: Policy, settings: Settings) -> Self {
        Self { store, codec, clock, policy: RwLock::new(Arc::new(policy)), settings, caches: RwLock::default() }
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.read().clone()
    }

    /// Puts other rules in force for the decisions that follow.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.write() = Arc::new(policy);
    }

    /// The clock that decisions are made by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The log that events are appended to.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    /// The codec that events are written with.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Forgets all folded states, as when a person is forgotten: states hold personal data in the clear.
    pub fn forget_folded(&self) {
        for cache in self.caches.read().values() {
            cache.clear();
        }
    }

    /// Takes a command to the aggregate of this key and answers when all it rests on is on disk.
    ///
    /// # Errors
    /// [`CommandError`]: nothing changed then, except that after [`CommandError::Unavailable`] the command may still turn
    /// out to have been accepted: sent again with the same id, it is answered for what it came to.
    pub async fn handle<A>(&self, key: Uuid, command: A::Command, sent: &Sent) -> Result<Answer<A::Event>, CommandError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        self.run::<A>(key, command, sent, &[], false).await
    }

    /// As [`CommandHandlers::handle`], for a command that begins a new stream, whose key derives from the command's id: the
    /// stream is assumed to be empty, and read only if it turns out not to be. Takes the values of `reserve` for their
    /// owner first, in the same commit where the store can.
    ///
    /// # Errors
    /// As [`CommandHandlers::handle`], and [`CommandError::Taken`] if a value belongs to another owner.
    pub async fn create<A>(
        &self,
        key: Uuid,
        command: A::Command,
        sent: &Sent,
        reserve: &[Reserve],
    ) -> Result<Answer<A::Event>, CommandError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        self.run::<A>(key, command, sent, reserve, true).await
    }

    /// As [`CommandHandlers::handle`], and takes the values of `reserve` for their owner first, in the same commit where the
    /// store can: what the command decides never comes to be without them.
    ///
    /// # Errors
    /// As [`CommandHandlers::handle`], and [`CommandError::Taken`] if a value belongs to another owner.
    pub async fn handle_reserving<A>(
        &self,
        key: Uuid,
        command: A::Command,
        sent: &Sent,
        reserve: &[Reserve],
    ) -> Result<Answer<A::Event>, CommandError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        self.run::<A>(key, command, sent, reserve, false).await
    }

    /// Finds out what a command would come to, and does nothing: its answer if it was accepted before or asks for what is so
    /// already; none if events would follow. For what must be prepared outside the log, such as a secret in the vault, and
    /// prepared only for a command that is new and keeps the rules.
    ///
    /// # Errors
    /// As [`CommandHandlers::handle`].
    pub async fn rehearse<A>(
        &self,
        key: Uuid,
        command: A::Command,
        sent: &Sent,
    ) -> Result<Option<Answer<A::Event>>, CommandError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        let cache = self.cache::<A>();
        let mut last = None;
        for _ in 0..ATTEMPTS {
            self.ensure_loaded(&cache, key, false).await?;
            let staged = self.stage::<A>(&cache, key, command.clone(), sent, Mode::Rehearse);
            if matches!(staged, Staged::WouldQueue) {
                return Ok(None);
            }
            match self.conclude::<A>(&cache, key, sent, staged, false).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(Failed::Finally(error)) => return Err(error),
                Err(Failed::Overtaken(error)) => last = Some(error),
            }
        }
        Err(CommandError::Unavailable(last.map_or_else(|| "overtaken".into(), Into::into)))
    }

    /// The answer to a command that was accepted before; none if it was not. For commands that come again when what they rested
    /// on outside their stream has changed since: once accepted, the same id gives the same answer (architecture, rule 5).
    ///
    /// # Errors
    /// As [`CommandHandlers::handle`].
    pub async fn answered_before<A: Aggregate>(
        &self,
        key: Uuid,
        sent: &Sent,
    ) -> Result<Option<Answer<A::Event>>, CommandError<A::Rejection>> {
        let cache = self.cache::<A>();
        for _ in 0..ATTEMPTS {
            self.ensure_loaded(&cache, key, false).await?;
            let seen = cache.shard(key).and_then(|mut shard| {
                let entry = shard.get_mut(&key)?;
                Some((entry.accepted(sent.id), entry.version, entry.settle()))
            });
            let Some((accepted, version, settled)) = seen else { continue };
            if accepted.is_none() && !self.store.is_shared() {
                return Ok(None);
            }
            let on_disk = match settled {
                Settled::OnDisk => true,
                Settled::Waiting(pending) => pending.outcome.await.is_ok(),
                Settled::Lost => false,
            };
            match accepted.filter(|_| on_disk) {
                Some(accepted) if accepted.fingerprint == sent.fingerprint => return self.answer_again::<A>(key, accepted).await.map(Some),
                Some(_) => return Err(CommandError::IdReused),
                None if on_disk && self.is_newest(&cache, key, version).await? => return Ok(None),
                None if on_disk => {}
                None => cache.evict(key),
            }
        }
        Err(CommandError::Unavailable("the stream kept changing".into()))
    }

    /// The state of an aggregate as it is on disk, with its version; none if nothing has happened to it.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] or [`CommandError::Internal`].
    pub async fn state<A: Aggregate>(&self, key: Uuid) -> Result<Option<(A::State, u64)>, CommandError<A::Rejection>> {
        self.inspect::<A, _>(key, |state, version| (state.clone(), version)).await
    }

    /// What `look` sees in the state of an aggregate as it is on disk, without copying the state; none if nothing has
    /// happened to it. `look` runs under a lock that decisions wait for, so it must be quick.
    ///
    /// # Errors
    /// As [`CommandHandlers::state`].
    pub async fn inspect<A: Aggregate, R>(
        &self,
        key: Uuid,
        look: impl Fn(&A::State, u64) -> R,
    ) -> Result<Option<R>, CommandError<A::Rejection>> {
        let cache = self.cache::<A>();
        for _ in 0..ATTEMPTS {
            self.ensure_loaded(&cache, key, false).await?;
            let seen = cache.shard(key).and_then(|mut shard| {
                let entry = shard.get_mut(&key)?;
                Some((entry.settle(), entry.version, entry.version.map(|version| look(&entry.state, version))))
            });
            let Some((settled, version, seen)) = seen else { continue };
            let on_disk = match settled {
                Settled::OnDisk => true,
                Settled::Waiting(pending) => pending.outcome.await.is_ok(),
                Settled::Lost => false,
            };
            match on_disk {
                true if self.is_newest(&cache, key, version).await? => return Ok(seen),
                true => {}
                false => cache.evict(key),
            }
        }
        Err(CommandError::Unavailable("the stream kept changing".into()))
    }

    pub(crate) async fn run<A>(
        &self,
        key: Uuid,
        command: A::Command,
        sent: &Sent,
        reserve: &[Reserve],
        creates: bool,
    ) -> Result<Answer<A::Event>, CommandError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        let mut last = None;
        let mut taken = Vec::new();
        for attempt in 0..ATTEMPTS {
            match self.attempt::<A>(key, command.clone(), sent, (reserve, &mut taken), creates && attempt == 0).await {
                Ok(answer) => {
                    let outcome = if answer.repeated {
                        "repeated"
                    } else if answer.events.is_empty() {
                        "unchanged"
                    } else {
                        "accepted"
                    };
                    count(A::CATEGORY, outcome);
                    return Ok(answer);
                }
                Err(Failed::Finally(error)) => {
                    count(A::CATEGORY, error.outcome());
                    return Err(error);
                }
                Err(Failed::Overtaken(error)) => {
                    tracing::debug!(category = A::CATEGORY, %key, command = %sent.id, attempt, %error, "decided on a state that did not last; deciding anew");
                    last = Some(error);
                }
            }
        }
        count(A::CATEGORY, "overtaken");
        Err(CommandError::Unavailable(last.map_or_else(|| "overtaken".into(), Into::into)))
    }

    async fn attempt<A>(
        &self,
        key: Uuid,
        command: A::Command,
        sent: &Sent,
        (reserve, taken): (&[Reserve], &mut Vec<Reserve>),
        assume_new: bool,
    ) -> Result<Answer<A::Event>, Failed<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        let cache = self.cache::<A>();
        self.ensure_loaded(&cache, key, assume_new).await.map_err(Failed::Finally)?;
        let mut after = None;
        if !reserve.is_empty() {
            // Nothing is reserved for a command that will be rejected, or has been accepted already.
            let rehearsed = self.stage::<A>(&cache, key, command.clone(), sent, Mode::Rehearse);
            if !matches!(rehearsed, Staged::WouldQueue) {
                return self.conclude::<A>(&cache, key, sent, rehearsed, assume_new).await;
            }
            after = self.reserve::<A>(sent, reserve, taken, assume_new).await?;
        }
        let staged = self.stage::<A>(&cache, key, command, sent, Mode::Queue { after });
        self.conclude::<A>(&cache, key, sent, staged, assume_new).await
    }

    /// Makes sure that the stream's folded state is in the cache, if memory allows.
    pub(crate) async fn ensure_loaded<A: Aggregate>(
        &self,
        cache: &Cache<A>,
        key: Uuid,
        assume_new: bool,
    ) -> Result<(), CommandError<A::Rejection>> {
        let known = cache.shard(key).is_some_and(|mut shard| shard.get(&key).is_some());
        if known {
            return Ok(());
        }
        let entry = if assume_new { Entry::default() } else { load::<A>(&*self.store, &self.codec, key).await? };
        if let Some(mut shard) = cache.shard(key) {
            // Another command may have been faster, and decided ahead already: its entry stays.
            if shard.get(&key).is_none() {
                shard.insert(key, entry);
            }
        }
        Ok(())
    }

    pub(crate) fn cache<A: Aggregate>(&self) -> Arc<Cache<A>> {
        let id = TypeId::of::<A>();
        let known = self.caches.read().get(&id).cloned();
        let cache = known.unwrap_or_else(|| {
            let new = || -> Arc<dyn AnyCache> { Arc::new(Cache::<A>::new(self.settings.cached_streams)) };
            self.caches.write().entry(id).or_insert_with(new).clone()
        });
        let cache: Arc<dyn Any + Send + Sync> = cache;
        // The map is keyed by the type that it was made for, so this is always the cache of A.
        cache.downcast().unwrap_or_else(|_| Arc::new(Cache::new(self.settings.cached_streams)))
    }

    pub(crate) fn head(&self) -> Position {
        *self.store.head().borrow()
    }
}

fn count(aggregate: &'static str, outcome: &'static str) {
    metrics::counter!("gatehouse_commands_total", "aggregate" => aggregate, "outcome" => outcome).increment(1);
}
