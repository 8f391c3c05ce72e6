//! Who sends a command, and what makes it the same command again.

use domain::{Actor, CommandId, EventId};
use event_codec::Fingerprint;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Who sends a command and how it is recognized when it comes again.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The retry key.
    pub id: CommandId,
    /// What it asks, without secrets.
    pub fingerprint: Fingerprint,
    /// Who sends it.
    pub actor: Actor,
    /// Through what it came in, as [`event_codec::Metadata`] has it.
    pub from: String,
    /// The event that a process manager answers with it.
    pub cause: Option<EventId>,
}

impl Sent {
    /// A command that follows from an event: by its id, sent by the process manager of this name. The same event and label
    /// give the same command, whenever and how often it is sent.
    #[must_use]
    pub fn following(event: EventId, manager: &str, label: &str) -> Self {
        Self {
            id: CommandId::derive(event.0, &format!("{manager}:{label}")),
            // The id says all of what is asked: there is no outside body that could differ.
            fingerprint: Fingerprint(0),
            actor: Actor::System(manager.to_owned()),
            from: manager.to_owned(),
            cause: Some(event),
        }
    }

    /// An id for the thing of this label that the command creates, the same each time the command is sent.
    #[must_use]
    pub fn derive(&self, label: &str) -> Uuid {
        domain::derive(self.id.0, label)
    }

    /// The part of this command that goes to another stream, under an id of its own.
    #[must_use]
    pub fn part(&self, label: &str) -> Self {
        Self { id: CommandId::derive(self.id.0, label), ..self.clone() }
    }
}

/// The command id of an idempotency key, scoped to who sends it and what it is about.
///
/// A key that is a time-ordered UUID (version 7) keeps its time, so that what the command creates sorts near it.
#[must_use]
pub fn command_id(sender: &str, about: &str, key: &str) -> CommandId {
    let digest = Sha256::new()
        .chain_update(sender.as_bytes())
        .chain_update([0])
        .chain_update(about.as_bytes())
        .chain_update([0])
        .chain_update(key.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest) {
        *to = from;
    }
    if let Ok(time_ordered) = Uuid::try_parse(key)
        && time_ordered.get_version_num() == 7
    {
        for (to, from) in bytes.iter_mut().zip(time_ordered.as_bytes()).take(6) {
            *to = *from;
        }
    }
    CommandId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
