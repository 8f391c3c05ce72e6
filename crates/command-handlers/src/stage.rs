//! Decides under the stream's lock and queues what follows.

use domain::{Aggregate, Context, EventId};
use event_codec::{CodecError, Metadata};
use event_store::{Append, Gate, StreamId};
use futures_util::FutureExt;
use uuid::Uuid;

use crate::cache::{Accepted, Cache, Entry, Outcome, Pending, Settled};
use crate::{CommandHandlers, Sent};

/// What deciding under the stream's lock came to.
pub(crate) enum Staged<A: Aggregate> {
    /// An append is queued.
    Queued { events: Vec<A::Event>, version: u64, outcome: Outcome, gate: Gate },
    /// An append would be queued, had it not been a rehearsal.
    WouldQueue,
    /// What was asked for is so already.
    Nothing { version: Option<u64>, waiting: Option<Pending> },
    /// This command was accepted before.
    Repeated { accepted: Accepted, waiting: Option<Pending> },
    /// This command id was accepted with other content before.
    IdReused { waiting: Option<Pending> },
    /// A rule is broken.
    Rejected { rejection: A::Rejection, version: Option<u64>, waiting: Option<Pending> },
    /// The stream is not in the cache any more.
    Absent,
    /// The stream has an append under way that must be settled before one that depends on another stream's can be queued.
    MustWait(Pending),
    /// An event cannot be written as a record.
    Unwritable(CodecError),
}

/// Whether deciding shall have an effect.
pub(crate) enum Mode {
    /// Only find out whether there would be events.
    Rehearse,
    /// Queue them, behind the append of this gate.
    Queue { after: Option<Gate> },
}

impl CommandHandlers {
    /// Decides under the stream's lock and, in [`Mode::Queue`], queues the append before letting go of it, so that the order
    /// of decisions on a stream is the order of appends.
    pub(crate) fn stage<A: Aggregate>(&self, cache: &Cache<A>, key: Uuid, command: A::Command, sent: &Sent, mode: Mode) -> Staged<A> {
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
            return if accepted.fingerprint == sent.fingerprint {
                Staged::Repeated { accepted, waiting }
            } else {
                Staged::IdReused { waiting }
            };
        }
        let context = Context { command_id: sent.id, now: (self.clock)(), actor: sent.actor.clone(), policy: self.policy() };
        let events = match A::decide(&entry.state, command, &context) {
            Ok(events) => events,
            Err(rejection) => return Staged::Rejected { rejection, version: entry.version, waiting },
        };
        if events.is_empty() {
            return Staged::Nothing { version: entry.version, waiting };
        }
        let after = match (mode, waiting) {
            (Mode::Rehearse, _) => return Staged::WouldQueue,
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
    ) -> Result<Pending, CodecError> {
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
            let id = EventId::derive(sent.id.0, &format!("event:{index}"));
            records.push(self.codec.encode(&stream, id, event, metadata.clone())?);
        }
        let ticket = self.store.append(Append { stream, expected: entry.expected(), events: records, after });
        let gate = ticket.gate();
        Ok(Pending { outcome: ticket.outcome().boxed().shared(), gate })
    }
}
