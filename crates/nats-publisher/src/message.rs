//! An event as a message on a stream.

use async_nats::header::{self, HeaderMap, HeaderName};
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use public_events::{Envelope, Position};
use uuid::Uuid;

use crate::settings::StreamName;

/// The position of the event, in decimal.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("Gatehouse-Position");
/// Which history of the log the position belongs to: a UUID.
pub(crate) const EPOCH: HeaderName = HeaderName::from_static("Gatehouse-Epoch");
/// What the body is, as the NATS binding of CloudEvents says it.
pub(crate) const CONTENT_TYPE: HeaderName = HeaderName::from_static("content-type");

/// CloudEvents 1.0, structured JSON.
const CLOUDEVENT: &str = "application/cloudevents+json";

/// Why an event cannot be published. It will not go away by itself.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It cannot be written as JSON.
    #[error("event {id} at position {position} cannot be written as JSON")]
    Json {
        /// Which event.
        id: Uuid,
        /// Where it is.
        position: Position,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// Its type makes no subject.
    #[error("event {id} at position {position} has the type {kind}, which makes no subject")]
    Subject {
        /// Which event.
        id: Uuid,
        /// Where it is.
        position: Position,
        /// Its type.
        kind: String,
    },
}

/// An event that is ready to be published to a stream.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) position: Position,
    pub(crate) id: Uuid,
    pub(crate) subject: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Message {
    /// `inbound` are the subjects on which the stream takes messages: see [`crate::stream`].
    pub(crate) fn of(event: &Envelope, stream: &StreamName, inbound: &str) -> Result<Self, MessageError> {
        let body = event.to_json().map_err(|source| MessageError::Json { id: event.id, position: event.position, source })?;
        let subject = event.subject_on_nats().ok_or_else(|| MessageError::Subject {
            id: event.id,
            position: event.position,
            kind: event.kind.clone(),
        })?;
        let subject = match subject.strip_prefix(public_events::PREFIX) {
            Some(rest) if inbound != public_events::PREFIX => format!("{inbound}{rest}"),
            Some(_) | None => subject,
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_MESSAGE_ID, event.id.to_string());
        headers.insert(header::NATS_EXPECTED_STREAM, stream.as_str());
        headers.insert(POSITION, event.position.to_string());
        headers.insert(EPOCH, event.epoch.to_string());
        headers.insert(CONTENT_TYPE, CLOUDEVENT);
        Ok(Self { position: event.position, id: event.id, subject, headers, body: Bytes::from(body) })
    }

    /// What is sent, to be refused unless the stream's last message has the sequence `after`.
    pub(crate) fn publish(mut self, after: u64) -> PublishMessage {
        self.headers.insert(header::NATS_EXPECTED_LAST_SEQUENCE, after.to_string());
        PublishMessage::build().payload(self.body).headers(self.headers)
    }
}

/// Which event a message of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) id: Uuid,
    pub(crate) position: Position,
    pub(crate) epoch: Uuid,
}

impl Label {
    /// From the headers; none: no publisher of ours wrote this message.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.as_str().to_owned());
        Some(Self {
            id: text(header::NATS_MESSAGE_ID)?.parse().ok()?,
            position: text(POSITION)?.parse().ok()?,
            epoch: text(EPOCH)?.parse().ok()?,
        })
    }
}
