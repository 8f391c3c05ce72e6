//! The envelope of an event: a CloudEvent 1.0 in structured JSON.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{ApplicationCode, OrganizationId, PublicEvent, subject_of};

/// A place in the log, increasing in commit order; 0 is before the first event. As text in JSON, since CloudEvents' integers have 32
/// bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Position(#[cfg_attr(feature = "schema", schemars(with = "String", regex(pattern = "^[0-9]{1,20}$")))] pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Position {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// An event as it is published (CloudEvents 1.0, JSON format). Attributes that are not known are ignored when one is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Envelope {
    /// Always `1.0`.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "1.0")))]
    pub specversion: String,
    /// The event's id in the log: the same event has the same id, however often and wherever it is published.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "uuid")))]
    pub id: Uuid,
    /// Which service published it, as its operator configured.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri-reference")))]
    pub source: String,
    /// What happened and in which version it is told, such as `registration.submitted.v1`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[a-z_]+\\.[a-z_]+\\.v[1-9][0-9]*$")))]
    pub kind: String,
    /// To what: the aggregate and its id, such as `registration/0192…`.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = "^[a-z_]+/[0-9a-f-]{36}$")))]
    pub subject: String,
    /// When the log recorded it, UTC, microseconds.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub time: Timestamp,
    /// Always `application/json`.
    #[cfg_attr(feature = "schema", schemars(extend("const" = "application/json")))]
    pub datacontenttype: String,
    /// Where the JSON Schema of `data` is.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "uri-reference")))]
    pub dataschema: String,
    /// Its place in the log.
    pub position: Position,
    /// The position of the public event before it, whatever that is about; 0 for the first. What lies between the two is not public,
    /// so a consumer of all subjects that has just seen this position has missed nothing.
    pub previous: Position,
    /// Which history of the log positions belong to: another one begins when the log is restored from a backup.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "uuid")))]
    pub epoch: Uuid,
    /// The organization that it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// The application that it is about, if it is about exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationCode>,
    /// What happened: ids, codes, instants and states, as the schema of the type has it.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub data: Box<RawValue>,
}

/// Why an envelope cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no CloudEvent of this service.
    #[error("what was received is no event of Gatehouse")]
    Envelope(#[source] serde_json::Error),
    /// Its type is known, but its data are not what the type promises.
    #[error("the data of {id} are not those of a {kind}")]
    Data {
        /// Which event.
        id: Uuid,
        /// What it says that it is.
        kind: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Envelope {
    /// From the bytes of a message.
    ///
    /// # Errors
    /// [`EnvelopeError::Envelope`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        serde_json::from_slice(bytes).map_err(EnvelopeError::Envelope)
    }

    /// The bytes of a message: the same over NATS and HTTP.
    ///
    /// # Errors
    /// None is known; serialization is fallible by type only.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// What happened; none if its type, or this version of it, is not known to this version of the language: to be passed over, or
    /// asked for again with a newer one.
    ///
    /// # Errors
    /// [`EnvelopeError::Data`].
    pub fn event(&self) -> Result<Option<PublicEvent>, EnvelopeError> {
        PublicEvent::decode(&self.kind, self.data.get()).map_err(|source| EnvelopeError::Data {
            id: self.id,
            kind: self.kind.clone(),
            source,
        })
    }

    /// The NATS subject that it is published on; none if its type is none of Gatehouse's.
    #[must_use]
    pub fn subject_on_nats(&self) -> Option<String> {
        subject_of(&self.kind, self.application.as_ref(), self.organization)
    }
}
