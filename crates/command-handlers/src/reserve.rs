//! Values that must be unique, taken together with the command that needs them.

use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::{Aggregate, ReservationId};
use event_store::{AppendError, Gate};
use uuid::Uuid;

use crate::cache::Cache;
use crate::conclude::Failed;
use crate::stage::{Mode, Staged};
use crate::{CommandError, CommandHandlers, Sent};

/// A value to be taken for an owner (architecture, rule 10).
#[derive(Debug, Clone, Copy)]
pub struct Reserve {
    /// Names the value: an HMAC of it.
    pub id: ReservationId,
    /// What kind of value it is.
    pub kind: ReservationKind,
    /// For whom.
    pub owner: Uuid,
}

impl Reserve {
    fn command(self) -> ReservationCommand {
        ReservationCommand::Reserve { kind: self.kind, owner: self.owner }
    }

    fn release(self) -> ReservationCommand {
        ReservationCommand::Release { owner: self.owner, seen: None }
    }
}

impl CommandHandlers {
    /// Takes values for their owner, without waiting: what the command itself appends depends on the last of them. `taken` collects
    /// those that were not theirs before; if one cannot be had, they are given back.
    pub(crate) async fn reserve<A: Aggregate>(
        &self,
        sent: &Sent,
        reserve: &[Reserve],
        taken: &mut Vec<Reserve>,
        assume_new: bool,
    ) -> Result<Option<Gate>, Failed<A::Rejection>> {
        let cache = self.cache::<Reservation>();
        for value in reserve {
            self.refresh(&cache, value.id.0, assume_new).await.map_err(|error| Failed::Finally(error.without_rejection()))?;
        }
        let mut after = None;
        for value in reserve {
            let is_theirs = self.seen(value).is_some_and(|(owner, _)| owner == Some(value.owner));
            let part = sent.part(&self.label("reserve", value, |owner| owner == Some(value.owner)));
            let again = |failed: Failed<<Reservation as Aggregate>::Rejection>| match failed {
                Failed::Finally(error) => Failed::Finally(error.without_rejection()),
                Failed::Overtaken(error) => Failed::Overtaken(error),
            };
            match self.stage::<Reservation>(&cache, value.id.0, value.command(), &part, Mode::Queue { after: after.clone() }) {
                Staged::Queued { gate, .. } => {
                    after = Some(gate);
                    if !is_theirs {
                        taken.push(*value);
                    }
                }
                Staged::Nothing { waiting, .. } | Staged::Repeated { waiting, .. } => after = waiting.map(|pending| pending.gate).or(after),
                Staged::Rejected { version, waiting, .. } => {
                    self.settled(&cache, value.id.0, &part, waiting).await.map_err(again)?;
                    self.confirmed(&cache, value.id.0, version).await.map_err(again)?;
                    self.release(sent, &std::mem::take(taken)).await;
                    return Err(Failed::Finally(CommandError::Taken(value.kind)));
                }
                staged @ (Staged::WouldQueue | Staged::IdReused { .. } | Staged::Absent | Staged::MustWait(_) | Staged::Unwritable(_)) => {
                    // Not to be decided now; concluding says why, or waits for what has to be waited for.
                    self.conclude(&cache, value.id.0, &part, staged, false).await.map_err(again)?;
                    return Err(Failed::Overtaken(AppendError::PrerequisiteFailed));
                }
            }
        }
        Ok(after)
    }

    /// As [`Self::ensure_loaded`], and forgets a state first that another process has gone beyond: that a value is held already appends
    /// nothing, so no append would notice.
    async fn refresh(
        &self,
        cache: &Cache<Reservation>,
        key: Uuid,
        assume_new: bool,
    ) -> Result<(), CommandError<<Reservation as Aggregate>::Rejection>> {
        let known = cache.shard(key).and_then(|mut shard| shard.get(&key).map(|entry| entry.version));
        if let Some(version) = known {
            self.is_newest(cache, key, version).await?;
        }
        self.ensure_loaded(cache, key, assume_new).await
    }

    /// Names a part of the command that takes a value or gives it back. What is done already keeps the name that it was done
    /// under; otherwise the name holds the version that it is done on: a command that is sent again after its values were given
    /// back takes them anew, and does not pass for one that has them.
    fn label(&self, what: &str, value: &Reserve, is_done: impl Fn(Option<Uuid>) -> bool) -> String {
        match self.seen(value) {
            Some((owner, version)) if !is_done(owner) => format!("{what}:{}:{version}", value.id),
            Some(_) | None => format!("{what}:{}", value.id),
        }
    }

    /// Who has a value, as far as this process knows, and the version of its stream.
    fn seen(&self, value: &Reserve) -> Option<(Option<Uuid>, u64)> {
        self.cache::<Reservation>().shard(value.id.0).and_then(|mut shard| {
            let entry = shard.get(&value.id.0)?;
            Some((entry.state.owner(), entry.version?))
        })
    }

    /// Gives back values that were taken for a command that then could not take all. What a crash leaves behind, the process manager
    /// of reservations gives back.
    async fn release(&self, sent: &Sent, values: &[Reserve]) {
        for value in values {
            let part = sent.part(&self.label("release", value, |owner| owner != Some(value.owner)));
            let released = Box::pin(self.run::<Reservation>(value.id.0, value.release(), &part, &[], false)).await;
            if let Err(error) = released {
                tracing::warn!(reservation = %value.id, command = %sent.id, %error, "a reservation could not be given back; the process manager of reservations will");
            }
        }
    }
}
