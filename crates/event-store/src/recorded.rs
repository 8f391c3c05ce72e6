//! An event as the log gives it back.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Position, StreamId};

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Place in the whole log.
    pub position: Position,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Place in its stream, from 0.
    pub version: u64,
    /// Its id, as appended.
    pub id: Uuid,
    /// Its type, as appended.
    pub event_type: Arc<str>,
    /// When the log recorded it: microseconds, UTC, never decreasing with the position.
    pub recorded_at: Timestamp,
    /// As appended, byte for byte.
    pub metadata: Bytes,
    /// As appended, byte for byte.
    pub data: Bytes,
}
