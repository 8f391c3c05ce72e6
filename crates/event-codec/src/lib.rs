//! Domain event to record and back (architecture, rules 3, 11, 12).
//!
//! A record's type is the event's name with its version, such as `registration.submitted.v1`: the serde name of the
//! variant. Its data is the variant's payload as one JSON object. Personal values are not in it: they lie in sealed boxes
//! under the key `sealed`, one for each person that the event is about, which is always the last key of the object.
//! Its metadata is [`Metadata`] in a form of its own.
//!
//! An event type that this version of the code does not know is an error, never skipped. When an event gets a second
//! version, the enum gets a second variant or the old payload is lifted to the new one before it is read; every version
//! ever written has a golden file under `schemas/events/`.

mod envelope;
mod keys;
mod metadata;
mod named;
mod sealing;

pub use envelope::Envelope;
pub use keys::{KeysError, PersonalKeys};
pub use metadata::{Fingerprint, Metadata};

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use domain::{DomainEvent, EventId};
use event_store::{NewEvent, Recorded, StreamId};
use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why an event could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The event does not serialize: a value in it is erased, or it is no enum variant with fields.
    #[error("event cannot be recorded: {0}")]
    Unwritable(String),
    /// No aggregate has this category, or none of its events has this name: the log was written by a newer version.
    #[error("unknown event type {event_type} in a stream of {category}: was this log written by a newer version?")]
    UnknownType {
        /// The stream's category.
        category: String,
        /// The event's type.
        event_type: String,
    },
    /// The payload or the metadata is not what this type of event has.
    #[error("event {event_type} cannot be read: {what}")]
    Unreadable {
        /// The event's type.
        event_type: String,
        /// What is wrong with it.
        what: String,
    },
    /// Personal data cannot be sealed or opened.
    #[error("personal data of an event cannot be sealed or opened")]
    Keys(#[from] KeysError),
}

/// Writes events as records and reads records as events. Cheap to share.
#[derive(Clone)]
pub struct Codec {
    keys: Arc<dyn PersonalKeys>,
    /// Event types seen so far, so that a type's name is allocated once.
    names: Arc<RwLock<HashMap<String, Arc<str>>>>,
}

impl Codec {
    /// A codec that seals personal data with these keys.
    #[must_use]
    pub fn new(keys: Arc<dyn PersonalKeys>) -> Self {
        Self { keys, names: Arc::default() }
    }

    /// The keys that it seals with.
    #[must_use]
    pub fn keys(&self) -> &Arc<dyn PersonalKeys> {
        &self.keys
    }

    /// The record of an event that happened to `stream`, still without place and time.
    ///
    /// # Errors
    /// [`CodecError::Unwritable`] if a value in it is erased; [`CodecError::Keys`] if a person's key is gone.
    pub fn encode<E: Serialize>(&self, stream: &StreamId, id: EventId, event: &E, metadata: Bytes) -> Result<NewEvent, CodecError> {
        let (json, personal) = domain::personal::collecting(|| serde_json::to_vec(event));
        let json = json.map_err(|error| CodecError::Unwritable(error.to_string()))?;
        let (name, payload) = named::split(&json).ok_or_else(|| CodecError::Unwritable("not a variant with fields".to_owned()))?;
        let data = sealing::seal(&*self.keys, stream, id, payload, &personal)?;
        Ok(NewEvent { id: id.0, event_type: self.intern(name), metadata, data: Bytes::from(data) })
    }

    /// Reads a record as an event of whichever aggregate it belongs to, with its personal data opened.
    ///
    /// # Errors
    /// [`CodecError`] when the record is of an unknown type, damaged, or sealed under a block of keys that is missing.
    pub fn decode(&self, recorded: &Recorded) -> Result<Envelope, CodecError> {
        macro_rules! by_category {
            ($(($name:ident, $id:ident, $event:ident, $category:literal))*) => {
                match &*recorded.stream.category {
                    $($category => DomainEvent::$name(domain::$id(recorded.stream.key), self.decode_event(recorded)?),)*
                    _ => return Err(CodecError::UnknownType {
                        category: recorded.stream.category.to_string(),
                        event_type: recorded.event_type.to_string(),
                    }),
                }
            };
        }
        let event = domain::for_each_aggregate!(by_category);
        Ok(Envelope {
            position: recorded.position,
            stream: recorded.stream.clone(),
            version: recorded.version,
            id: EventId(recorded.id),
            event_type: recorded.event_type.clone(),
            recorded_at: recorded.recorded_at,
            metadata: self.decode_metadata(recorded)?,
            event,
        })
    }

    /// Reads a record's payload as an event of one aggregate.
    ///
    /// # Errors
    /// As [`Codec::decode`].
    pub fn decode_event<E: DeserializeOwned>(&self, recorded: &Recorded) -> Result<E, CodecError> {
        let parts = sealing::open(&*self.keys, recorded)?;
        let read = || named::read(&recorded.event_type, &recorded.data);
        let event = match parts {
            Some(parts) => domain::personal::providing(parts, read),
            None => read(),
        };
        event.map_err(|error| {
            if error.is_unknown_variant {
                CodecError::UnknownType { category: recorded.stream.category.to_string(), event_type: recorded.event_type.to_string() }
            } else {
                unreadable(recorded, error)
            }
        })
    }

    /// About whom a record has personal values, whether or not they can still be read.
    ///
    /// # Errors
    /// [`CodecError::Unreadable`] if the record is damaged.
    pub fn sealed_about(&self, recorded: &Recorded) -> Result<Vec<domain::PersonId>, CodecError> {
        sealing::about(recorded)
    }

    /// A record's metadata.
    ///
    /// # Errors
    /// [`CodecError::Unwritable`] if a text in it is longer than a record.
    pub fn encode_metadata(&self, metadata: &Metadata) -> Result<Bytes, CodecError> {
        metadata.encode().ok_or_else(|| CodecError::Unwritable("a text in the metadata is too long".to_owned()))
    }

    /// Reads a record's metadata.
    ///
    /// # Errors
    /// [`CodecError::Unreadable`] if it is not what [`Metadata`] is written as.
    pub fn decode_metadata(&self, recorded: &Recorded) -> Result<Metadata, CodecError> {
        Metadata::decode(&recorded.metadata).ok_or_else(|| unreadable(recorded, "the metadata is not in the form that is known here"))
    }

    fn intern(&self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.read().get(name) {
            return known.clone();
        }
        let new: Arc<str> = name.into();
        self.names.write().entry(name.to_owned()).or_insert(new).clone()
    }
}

fn unreadable(recorded: &Recorded, error: impl std::fmt::Display) -> CodecError {
    CodecError::Unreadable { event_type: recorded.event_type.to_string(), what: error.to_string() }
}
