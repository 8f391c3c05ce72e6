//! Takes commands to their aggregates.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use domain::{Aggregate, Context, Policy, Rejection};
use event_codec::{Codec, Metadata};
use event_store::{Append, AppendError, Clock, Direction, EventStore, Gate, Position, StreamId};
use futures_util::FutureExt;
use parking_lot::RwLock;
use uuid::Uuid;

use crate::cache::{Accepted, Cache, Entry, Outcome, Pending, Settled};
use crate::load::load;
use crate::reserve::Reserve;
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
        Self { cached_streams: 10_000 }
    }
}

/// Takes commands to their aggregates. One for a process; shared by all who send commands.
pub struct CommandHandlers {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) codec: Codec,
    clock: Clock,
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

/// What deciding under the stream's lock came to.
enum Staged<A: Aggregate> {
    /// An append is queued.
    Queued { events: Vec<A::Event>, version: u64, outcome: Outcome, gate: Gate },
    /// What was asked for is so already.
    Nothing { version: Option<u64>, waiting: Option<Pending> },
    /// This command was accepted before.
    Repeated { accepted: Accepted, waiting: Option<Pending> },
    /// This command id was accepted with other content before.
    IdReused { waiting: Option<Pending> },
    /// A rule is broken.
    Rejected { rejection: A::Rejection, waiting: Option<Pending> },
    /// The stream is not in the cache any more.
    Absent,
    /// The stream has an append under way that must be settled before one that depends on another stream's can be queued.
    MustWait(Pending),
    /// An event cannot be written as a record.
    Unwritable(event_codec::CodecError),
}

/// Why an attempt did not come to an answer.
enum Failed<R> {
    /// For good.
    Finally(CommandError<R>),
    /// Others were faster, or what the decision rested on was lost: decide anew from what is on disk.
    Overtaken(AppendError),
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
    pub async fn create<A>(&self, key: Uuid, command: A::Command, sent: &Sent, reserve: &[Reserve]) -> Result<Answer<A::Event>, CommandError<A::Rejection>>
    where
        A: Aggregate,
        A::Command: Clone,
    {
        self.run::<A>(key, command, sent, reserve, true).await
    }

    /// The state of an aggregate as it is on disk, with its version; none if nothing has happened to it.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`] or [`CommandError::Internal`].
    pub async fn state<A: Aggregate>(&self, key: Uuid) -> Result<Option<(A::State, u64)>, CommandError<A::Rejection>> {
        let cache = self.cache::<A>();
        for _ in 0..ATTEMPTS {
            self.ensure_loaded(&cache, key, false).await?;
            let seen = cache.shard(key).and_then(|mut shard| {
                let entry = shard.get_mut(&key)?;
                Some((entry.settle(), entry.version.map(|version| (entry.state.clone(), version))))
            });
            match seen {
                Some((Settled::OnDisk, state)) => return Ok(state),
                Some((Settled::Waiting(pending), state)) if pending.outcome.clone().await.is_ok() => return Ok(state),
                Some((Settled::Waiting(_) | Settled::Lost, _)) => cache.evict(key),
                None => {}
            }
        }
        Err(CommandError::Unavailable("the stream kept changing".into()))
    }

    async fn run<A>(
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
        for attempt in 0..ATTEMPTS {
            match self.attempt::<A>(key, command.clone(), sent, reserve, creates && attempt == 0).await {
                Ok(answer) => {
                    let outcome = if answer.repeated { "repeated" } else if answer.events.is_empty() { "unchanged" } else { "accepted" };
                    count(A::CATEGORY, outcome);
                    return Ok(answer);
                }
                Err(Failed::Finally(error)) => {
                    count(A::CATEGORY, outcome_of(&error));
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
        reserve: &[Reserve],
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
            let (events, waiting) = match self.stage::<A>(&cache, key, command.clone(), sent, Mode::Rehearse) {
                Staged::Queued { .. } => (true, None),
                other => (false, Some(other)),
            };
            if let (false, Some(staged)) = (events, waiting) {
                return self.conclude::<A>(&cache, key, sent, staged, assume_new).await;
            }
            after = self.reserve::<A>(sent, reserve, assume_new).await?;
        }
        let staged = self.stage::<A>(&cache, key, command, sent, Mode::Queue { after });
        self.conclude::<A>(&cache, key, sent, staged, assume_new).await
    }

    /// Decides under the stream's lock and, in [`Mode::Queue`], queues the append before letting go of it, so that the order
    /// of decisions on a stream is the order of appends.
    fn stage<A: Aggregate>(&self, cache: &Cache<A>, key: Uuid, command: A::Command, sent: &Sent, mode: Mode) -> Staged<A> {
        let Some(mut shard) = cache.shard(key) else { return Staged::Absent };
        let Some(entry) = shard.get_mut(&key) else { return Staged::Absent };
        let waiting = match entry.settle() {
            Settled::OnDisk => None,
            Settled::Waiting(pending) => Some(pending),
            Settled::Lost => {
                shard.remove(&key);
                return Staged::Absent;
            }
        };
        if let Some(accepted) = entry.accepted(sent.id) {
            return if accepted.fingerprint == sent.fingerprint { Staged::Repeated { accepted, waiting } } else { Staged::IdReused { waiting } };
        }
        let context = Context { command_id: sent.id, now: (self.clock)(), actor: sent.actor.clone(), policy: self.policy() };
        let events = match A::decide(&entry.state, command, &context) {
            Ok(events) => events,
            Err(rejection) => return Staged::Rejected { rejection, waiting },
        };
        if events.is_empty() {
            return Staged::Nothing { version: entry.version, waiting };
        }
        let after = match (mode, waiting) {
            (Mode::Rehearse, _) => {
                return Staged::Queued { events, version: 0, outcome: std::future::pending().boxed().shared(), gate: Gate::default() };
            }
            (Mode::Queue { after: Some(_) }, Some(pending)) => return Staged::MustWait(pending),
            (Mode::Queue { after: Some(gate) }, None) => Some(gate),
            (Mode::Queue { after: None }, waiting) => waiting.map(|pending| pending.gate),
        };
        match self.queue::<A>(key, entry, &events, sent, after) {
            Ok(pending) => {
                entry.apply(&events, sent.id, sent.fingerprint);
                entry.pending = Some(pending.clone());
                Staged::Queued { events, version: entry.version.unwrap_or_default(), outcome: pending.outcome, gate: pending.gate }
            }
            Err(error) => Staged::Unwritable(error),
        }
    }

    fn queue<A: Aggregate>(
        &self,
        key: Uuid,
        entry: &Entry<A>,
        events: &[A::Event],
        sent: &Sent,
        after: Option<Gate>,
    ) -> Result<Pending, event_codec::CodecError> {
        let stream = StreamId::new(A::CATEGORY, key);
        let metadata = Metadata {
            command: sent.id,
            fingerprint: sent.fingerprint,
            actor: sent.actor.clone(),
            from: sent.from.clone(),
            cause: sent.cause,
        };
        let metadata = self.codec.encode_metadata(&metadata)?;
        let mut records = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            let id = domain::EventId::derive(sent.id.0, &format!("event:{index}"));
            records.push(self.codec.encode(&stream, id, event, metadata.clone())?);
        }
        let ticket = self.store.append(Append { stream, expected: entry.expected(), events: records, after });
        let gate = ticket.gate();
        Ok(Pending { outcome: ticket.outcome().boxed().shared(), gate })
    }

    /// Waits for the disk and answers.
    async fn conclude<A: Aggregate>(
        &self,
        cache: &Cache<A>,
        key: Uuid,
        sent: &Sent,
        staged: Staged<A>,
        assumed_new: bool,
    ) -> Result<Answer<A::Event>, Failed<A::Rejection>> {
        match staged {
            Staged::Queued { events, version, outcome, gate: _ } => match outcome.await {
                // A stream that was assumed to be new has these very events: it must be read to know the rest.
                Ok(appended) if appended.repeated && assumed_new => {
                    cache.evict(key);
                    Err(Failed::Overtaken(AppendError::PartlyRepeated))
                }
                Ok(appended) => Ok(Answer { position: appended.position, version, events, repeated: appended.repeated }),
                Err(error) => Err(self.lost(cache, key, sent, error)),
            },
            Staged::Nothing { version, waiting } => {
                self.settled(cache, key, sent, waiting).await?;
                Ok(Answer { position: self.head(), version: version.unwrap_or_default(), events: Vec::new(), repeated: false })
            }
            Staged::Repeated { accepted, waiting } => {
                self.settled(cache, key, sent, waiting).await?;
                self.answer_again::<A>(key, accepted).await.map_err(Failed::Finally)
            }
            Staged::IdReused { waiting } => {
                self.settled(cache, key, sent, waiting).await?;
                Err(Failed::Finally(CommandError::IdReused))
            }
            Staged::Rejected { rejection, waiting } => {
                self.settled(cache, key, sent, waiting).await?;
                tracing::debug!(category = A::CATEGORY, %key, command = %sent.id, rule = rejection.code(), "rejected");
                Err(Failed::Finally(CommandError::Rejected(rejection)))
            }
            Staged::MustWait(pending) => {
                self.settled(cache, key, sent, Some(pending)).await?;
                Err(Failed::Overtaken(AppendError::PrerequisiteFailed))
            }
            Staged::Absent => Err(Failed::Overtaken(AppendError::WrongExpectedVersion { actual: None })),
            Staged::Unwritable(event_codec::CodecError::Unwritable(what)) => {
                tracing::warn!(category = A::CATEGORY, %key, command = %sent.id, what, "an event cannot be recorded");
                Err(Failed::Finally(CommandError::Erased))
            }
            Staged::Unwritable(error) => Err(Failed::Finally(CommandError::Internal(error.into()))),
        }
    }

    /// Waits until what a decision rests on is on disk.
    async fn settled<A: Aggregate>(&self, cache: &Cache<A>, key: Uuid, sent: &Sent, waiting: Option<Pending>) -> Result<(), Failed<A::Rejection>> {
        match waiting {
            None => Ok(()),
            Some(pending) => match pending.outcome.await {
                Ok(_) => Ok(()),
                Err(error) => Err(self.lost(cache, key, sent, error)),
            },
        }
    }

    /// An append failed: the folded state rests on it and is thrown away.
    fn lost<A: Aggregate>(&self, cache: &Cache<A>, key: Uuid, sent: &Sent, error: AppendError) -> Failed<A::Rejection> {
        cache.evict(key);
        match error {
            AppendError::WrongExpectedVersion { .. } | AppendError::PartlyRepeated | AppendError::PrerequisiteFailed => Failed::Overtaken(error),
            AppendError::Malformed(_) => Failed::Finally(CommandError::Internal(error.into())),
            AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_) => {
                tracing::error!(category = A::CATEGORY, %key, command = %sent.id, %error, "append failed");
                Failed::Finally(CommandError::Unavailable(error.into()))
            }
        }
    }

    /// The answer to a command that was accepted before.
    async fn answer_again<A: Aggregate>(&self, key: Uuid, accepted: Accepted) -> Result<Answer<A::Event>, CommandError<A::Rejection>> {
        let stream = StreamId::new(A::CATEGORY, key);
        let mut answer = Answer { position: Position::START, version: accepted.version, events: Vec::new(), repeated: true };
        // A command brings about a few events; they end at the version that the fold remembers.
        let newest_first = self.store.read_stream(&stream, accepted.version, Direction::Backwards, 64).await.map_err(unreadable)?;
        for recorded in &newest_first {
            let metadata = self.codec.decode_metadata(recorded).map_err(internal)?;
            if metadata.command != accepted.command {
                break;
            }
            answer.position = answer.position.max(recorded.position);
            answer.events.push(self.codec.decode_event(recorded).map_err(internal)?);
        }
        answer.events.reverse();
        Ok(answer)
    }

    /// Makes sure that the stream's folded state is in the cache, if memory allows.
    async fn ensure_loaded<A: Aggregate>(&self, cache: &Cache<A>, key: Uuid, assume_new: bool) -> Result<(), CommandError<A::Rejection>> {
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

    /// Takes values for their owner, without waiting: what the command itself appends depends on the last of them.
    async fn reserve<A: Aggregate>(&self, sent: &Sent, reserve: &[Reserve], assume_new: bool) -> Result<Option<Gate>, Failed<A::Rejection>> {
        use domain::reservation::Reservation;
        let cache = self.cache::<Reservation>();
        for value in reserve {
            self.ensure_loaded(&cache, value.id.0, assume_new).await.map_err(|error| Failed::Finally(error.without_rejection()))?;
        }
        let mut after = None;
        for (index, value) in reserve.iter().enumerate() {
            let part = sent.part(&format!("reserve:{}", value.id));
            let again = |failed: Failed<_>| match failed {
                Failed::Finally(error) => Failed::Finally(CommandError::without_rejection(error)),
                Failed::Overtaken(error) => Failed::Overtaken(error),
            };
            match self.stage::<Reservation>(&cache, value.id.0, value.command(), &part, Mode::Queue { after: after.clone() }) {
                Staged::Queued { gate, .. } => after = Some(gate),
                Staged::Nothing { waiting, .. } | Staged::Repeated { waiting, .. } => after = waiting.map(|pending| pending.gate).or(after),
                Staged::Rejected { waiting, .. } => {
                    self.settled(&cache, value.id.0, &part, waiting).await.map_err(again)?;
                    self.release(sent, reserve.get(..index).unwrap_or_default()).await;
                    return Err(Failed::Finally(CommandError::Taken(value.kind)));
                }
                other => {
                    // Not to be decided now; concluding says why, or waits for what has to be waited for.
                    self.conclude(&cache, value.id.0, &part, other, false).await.map_err(again)?;
                    return Err(Failed::Overtaken(AppendError::PrerequisiteFailed));
                }
            }
        }
        Ok(after)
    }

    /// Gives back values that were taken for a command that then could not take all. What a crash leaves behind, the sweep
    /// of reservations without an owner releases.
    async fn release(&self, sent: &Sent, values: &[Reserve]) {
        for value in values {
            let part = sent.part(&format!("release:{}", value.id));
            let released = Box::pin(self.run::<domain::reservation::Reservation>(value.id.0, value.release(), &part, &[], false)).await;
            if let Err(error) = released {
                tracing::warn!(reservation = %value.id, command = %sent.id, %error, "a reservation could not be given back; the sweep will");
            }
        }
    }

    fn cache<A: Aggregate>(&self) -> Arc<Cache<A>> {
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

    fn head(&self) -> Position {
        *self.store.head().borrow()
    }
}

/// Whether deciding shall have an effect.
enum Mode {
    /// Only find out whether there would be events.
    Rehearse,
    /// Queue them, behind the append of this gate.
    Queue { after: Option<Gate> },
}

impl<R> CommandError<R> {
    /// The same error of a command that cannot be rejected, seen from another aggregate's command.
    fn without_rejection<Q>(self: CommandError<R>) -> CommandError<Q> {
        match self {
            CommandError::Rejected(_) => CommandError::Internal("a reservation was rejected where it cannot be".into()),
            CommandError::Taken(kind) => CommandError::Taken(kind),
            CommandError::IdReused => CommandError::IdReused,
            CommandError::Erased => CommandError::Erased,
            CommandError::Unavailable(source) => CommandError::Unavailable(source),
            CommandError::Internal(source) => CommandError::Internal(source),
        }
    }
}

pub(crate) fn unreadable<R>(error: event_store::ReadError) -> CommandError<R> {
    match error {
        event_store::ReadError::Unavailable(_) => CommandError::Unavailable(error.into()),
        event_store::ReadError::Damaged { .. } => CommandError::Internal(error.into()),
    }
}

pub(crate) fn internal<R>(error: event_codec::CodecError) -> CommandError<R> {
    CommandError::Internal(error.into())
}

fn outcome_of<R>(error: &CommandError<R>) -> &'static str {
    match error {
        CommandError::Rejected(_) | CommandError::Taken(_) => "rejected",
        CommandError::IdReused => "id_reused",
        CommandError::Erased => "erased",
        CommandError::Unavailable(_) => "unavailable",
        CommandError::Internal(_) => "internal",
    }
}

fn count(aggregate: &'static str, outcome: &'static str) {
    metrics::counter!("gatehouse_commands_total", "aggregate" => aggregate, "outcome" => outcome).increment(1);
}
