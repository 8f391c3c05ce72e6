//! An event as consumers of the log get it.

use std::sync::Arc;

use domain::{DomainEvent, EventId};
use event_store::{Position, StreamId};
use jiff::Timestamp;

use crate::Metadata;

/// An event of the log, decoded, with all that is known of it.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Place in the whole log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Place in its stream, from 0.
    pub version: u64,
    /// Its id.
    pub id: EventId,
    /// Its name and version, such as `registration.submitted.v1`.
    pub event_type: Arc<str>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who, by which command, from where.
    pub metadata: Metadata,
    /// What happened, to what.
    pub event: DomainEvent,
}
