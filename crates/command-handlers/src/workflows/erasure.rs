//! What the log, the key ring and the vault say of an erasure, for its certificate.

use domain::person::{Person, PersonEvent};
use domain::{Actor, Aggregate as _, PersonId, Reason};
use event_codec::Envelope;
use event_store::{Direction, LogDigest, Position, Recorded, StreamId};
use jiff::Timestamp;
use key_ring::KeyRing;

use super::{WorkflowError, Workflows};
use crate::CommandError;

/// What the log, the key ring and the vault say of an erasure.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// That it was asked for.
    pub asked: Told,
    /// Why.
    pub reason: Reason,
    /// That it was done; none: it is being done.
    pub done: Option<Told>,
    /// Where the key lay: the number of its block, and the slot in it.
    pub key_at: Option<(u64, u16)>,
    /// Whether the key is destroyed.
    pub is_key_destroyed: bool,
    /// How many rows the vault has about the person.
    pub rows_in_vault: u64,
    /// The events with a sealed box about the person, which nobody can open without the key, in order.
    pub sealed: Vec<Position>,
    /// SHA-256 over their positions and canonical records ([`LogDigest`]), as 64 hexadecimal digits.
    pub digest: String,
}

/// What an event of the person's stream says.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where it stands in the log.
    pub position: Position,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who caused it.
    pub by: Actor,
    /// From where: through what it came in, and the network it came from.
    pub from: String,
}

impl Workflows {
    /// What can be said of the erasure of a person; none if nobody asked for it. `history`: the positions of all events that concern them.
    /// Reads only: it can be asked at any time, and says how far it has come.
    ///
    /// # Errors
    /// If a store refuses.
    pub async fn evidence_of_erasure(&self, person: PersonId, history: &[Position]) -> Result<Option<Evidence>, WorkflowError> {
        let stream = StreamId::new(Person::CATEGORY, person.0);
        let events = self.handlers.store().read_stream(&stream, 0, Direction::Forwards, 1_000).await.map_err(unavailable)?;
        let (mut asked, mut done) = (None, None);
        for recorded in &events {
            match self.handlers.codec().decode_event(recorded).map_err(unavailable)? {
                PersonEvent::ForgettingStarted { reason } => asked = asked.or(Some((self.told(recorded)?, reason))),
                PersonEvent::Forgotten {} => done = done.or(Some(self.told(recorded)?)),
                PersonEvent::ErasureAcknowledged { service: _ } => {}
            }
        }
        let Some((asked, reason)) = asked else { return Ok(None) };
        let (sealed, digest) = self.sealed_about(person, history).await?;
        let keys = self.keys.clone();
        let destroyed = tokio::task::spawn_blocking(move || keys.is_destroyed(person)).await.map_err(unavailable)?;
        Ok(Some(Evidence {
            asked,
            reason,
            done,
            key_at: KeyRing::place_of(person),
            is_key_destroyed: destroyed.map_err(unavailable)?,
            rows_in_vault: self.vault.rows_about(person).await?,
            sealed,
            digest: digest.text(),
        }))
    }

    /// The event at this position; none if there is none.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn event_at(&self, position: Position) -> Result<Option<Envelope>, WorkflowError> {
        match self.recorded_at(position).await? {
            Some(recorded) => self.handlers.codec().decode(&recorded).map(Some).map_err(unavailable),
            None => Ok(None),
        }
    }

    async fn recorded_at(&self, position: Position) -> Result<Option<Recorded>, WorkflowError> {
        let before = Position(position.0.saturating_sub(1));
        let found = self.handlers.store().read_all(before, 1).await.map_err(unavailable)?;
        Ok(found.into_iter().next().filter(|recorded| recorded.position == position))
    }

    fn told(&self, recorded: &Recorded) -> Result<Told, WorkflowError> {
        let metadata = self.handlers.codec().decode_metadata(recorded).map_err(unavailable)?;
        Ok(Told { position: recorded.position, at: recorded.recorded_at, by: metadata.actor, from: metadata.from })
    }

    /// Those of these events that have a sealed box about the person, and their digest.
    async fn sealed_about(&self, person: PersonId, history: &[Position]) -> Result<(Vec<Position>, LogDigest), WorkflowError> {
        let (mut sealed, mut digest) = (Vec::new(), LogDigest::default());
        for position in history {
            let Some(recorded) = self.recorded_at(*position).await? else { continue };
            if self.handlers.codec().sealed_about(&recorded).map_err(unavailable)?.contains(&person) {
                digest.add(&recorded).map_err(unavailable)?;
                sealed.push(*position);
            }
        }
        Ok((sealed, digest))
    }
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WorkflowError {
    CommandError::Unavailable(error.into())
}
