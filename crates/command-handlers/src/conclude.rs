//! Waits for the disk and answers.

use domain::{Aggregate, Rejection};
use event_codec::{CodecError, KeysError};
use event_store::{AppendError, Direction, Position, StreamId};
use uuid::Uuid;

use crate::cache::{Accepted, Cache, Pending};
use crate::stage::Staged;
use crate::{Answer, CommandError, CommandHandlers, Sent};

/// Why an attempt did not come to an answer.
pub(crate) enum Failed<R> {
    /// For good.
    Finally(CommandError<R>),
    /// Others were faster, or what the decision rested on was lost: decide anew from what is on disk.
    Overtaken(AppendError),
}

impl CommandHandlers {
    /// Waits for the disk and answers.
    pub(crate) async fn conclude<A: Aggregate>(
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
                self.confirmed(cache, key, version).await?;
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
            Staged::Rejected { rejection, version, waiting } => {
                self.settled(cache, key, sent, waiting).await?;
                self.confirmed(cache, key, version).await?;
                tracing::debug!(category = A::CATEGORY, %key, command = %sent.id, rule = rejection.code(), "rejected");
                Err(Failed::Finally(CommandError::Rejected(rejection)))
            }
            Staged::MustWait(pending) => {
                self.settled(cache, key, sent, Some(pending)).await?;
                Err(Failed::Overtaken(AppendError::PrerequisiteFailed))
            }
            Staged::Absent | Staged::WouldQueue => Err(Failed::Overtaken(AppendError::WrongExpectedVersion { actual: None })),
            Staged::Unwritable(CodecError::Unwritable(what)) => {
                tracing::warn!(category = A::CATEGORY, %key, command = %sent.id, what, "an event cannot be recorded");
                Err(Failed::Finally(CommandError::Erased))
            }
            Staged::Unwritable(CodecError::Keys(KeysError::Forgotten(_))) => Err(Failed::Finally(CommandError::Erased)),
            Staged::Unwritable(error) => Err(Failed::Finally(CommandError::Internal(error.into()))),
        }
    }

    /// Waits until what a decision rests on is on disk.
    pub(crate) async fn settled<A: Aggregate>(
        &self,
        cache: &Cache<A>,
        key: Uuid,
        sent: &Sent,
        waiting: Option<Pending>,
    ) -> Result<(), Failed<A::Rejection>> {
        match waiting {
            None => Ok(()),
            Some(pending) => match pending.outcome.await {
                Ok(_) => Ok(()),
                Err(error) => Err(self.lost(cache, key, sent, error)),
            },
        }
    }

    /// Whether a decision that appends nothing was made on the newest state: where other processes append too, theirs may have been
    /// faster, and nothing but this question would notice.
    pub(crate) async fn confirmed<A: Aggregate>(
        &self,
        cache: &Cache<A>,
        key: Uuid,
        version: Option<u64>,
    ) -> Result<(), Failed<A::Rejection>> {
        match self.is_newest(cache, key, version).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failed::Overtaken(AppendError::WrongExpectedVersion { actual: version })),
            Err(error) => Err(Failed::Finally(error)),
        }
    }

    /// Whether the stream ends at this version. If the cache has an older state than is stored, it is forgotten.
    pub(crate) async fn is_newest<A: Aggregate>(
        &self,
        cache: &Cache<A>,
        key: Uuid,
        version: Option<u64>,
    ) -> Result<bool, CommandError<A::Rejection>> {
        if !self.store.is_shared() {
            return Ok(true);
        }
        let stored = self.store.newest(&StreamId::new(A::CATEGORY, key)).await.map_err(CommandError::unreadable)?;
        let stored = stored.map(|(version, _)| version);
        if stored != version
            && let Some(mut shard) = cache.shard(key)
            && shard.get(&key).is_some_and(|entry| entry.version < stored)
        {
            shard.remove(&key);
        }
        Ok(stored == version)
    }

    /// An append failed: the folded state rests on it and is thrown away.
    fn lost<A: Aggregate>(&self, cache: &Cache<A>, key: Uuid, sent: &Sent, error: AppendError) -> Failed<A::Rejection> {
        cache.evict(key);
        match error {
            AppendError::WrongExpectedVersion { .. } | AppendError::PartlyRepeated | AppendError::PrerequisiteFailed => {
                Failed::Overtaken(error)
            }
            AppendError::Malformed(_) => Failed::Finally(CommandError::Internal(error.into())),
            AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_) => {
                tracing::error!(category = A::CATEGORY, %key, command = %sent.id, %error, "append failed");
                Failed::Finally(CommandError::Unavailable(error.into()))
            }
        }
    }

    /// The answer to a command that was accepted before.
    pub(crate) async fn answer_again<A: Aggregate>(
        &self,
        key: Uuid,
        accepted: Accepted,
    ) -> Result<Answer<A::Event>, CommandError<A::Rejection>> {
        let stream = StreamId::new(A::CATEGORY, key);
        let mut answer = Answer { position: Position::START, version: accepted.version, events: Vec::new(), repeated: true };
        // A command brings about a few events; they end at the version that the fold remembers.
        let newest_first =
            self.store.read_stream(&stream, accepted.version, Direction::Backwards, 64).await.map_err(CommandError::unreadable)?;
        for recorded in &newest_first {
            let metadata = self.codec.decode_metadata(recorded).map_err(CommandError::internal)?;
            if metadata.command != accepted.command {
                break;
            }
            answer.position = answer.position.max(recorded.position);
            answer.events.push(self.codec.decode_event(recorded).map_err(CommandError::internal)?);
        }
        answer.events.reverse();
        Ok(answer)
    }
}
