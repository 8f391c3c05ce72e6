//! The canonical record: the one byte form of an event, the same on every store (architecture, rule 3).
//!
//! Hashes, copies and proofs are over these bytes. They are, in this order, integers big-endian:
//!
//! | field | bytes |
//! |---|---|
//! | format | 1, always [`FORMAT`] |
//! | event id | 16 |
//! | stream: kind | 1 for the length (1 to 31), then lower-case letters and `_` |
//! | stream: key | 16 |
//! | version | 8 |
//! | type | 1 for the length (1 to 127), then visible ASCII |
//! | recorded time | 8, signed microseconds since 1970, UTC |
//! | metadata | 2 for the length, then the bytes |
//! | data | 2 for the length, then the bytes |
//!
//! There is one way to write a record, and nothing else is read: [`Record::decode`] refuses what [`Record::encode`]
//! does not make. The position is left out, since it belongs to a place in one log, not to what happened.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Recorded, StreamId};

/// The first byte of every record that this code writes.
pub const FORMAT: u8 = 1;

/// The most bytes a record may have: what fits a 16-bit length prefix.
pub const MAX_RECORD_BYTES: usize = 65_535;

/// Bytes of a record besides kind, type, metadata and data.
const FIXED_BYTES: usize = 1 + 16 + 1 + 16 + 8 + 1 + 8 + 2 + 2;

/// An event in the form that is hashed and copied: everything but its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// As appended.
    pub id: Uuid,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Place in its stream, from 0.
    pub version: u64,
    /// As appended.
    pub event_type: Arc<str>,
    /// When the log recorded it, UTC, whole microseconds.
    pub recorded_at: Timestamp,
    /// As appended, byte for byte.
    pub metadata: Bytes,
    /// As appended, byte for byte.
    pub data: Bytes,
}

/// Why bytes are not a record, or an event cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The record would be, or is, larger than [`MAX_RECORD_BYTES`].
    #[error("the record is larger than 65,535 bytes")]
    TooLarge,
    /// The first byte names a format that this version does not know.
    #[error("the record has format {0}, which is not known here")]
    UnknownFormat(u8),
    /// A field ends after the record does.
    #[error("the record is cut short")]
    CutShort,
    /// There are bytes after the last field.
    #[error("the record has bytes after its end")]
    TrailingBytes,
    /// A field has a value that it cannot have.
    #[error("the record's {0} is not valid")]
    Invalid(&'static str),
}

impl From<&Recorded> for Record {
    fn from(event: &Recorded) -> Self {
        Self {
            id: event.id,
            stream: event.stream.clone(),
            version: event.version,
            event_type: event.event_type.clone(),
            recorded_at: event.recorded_at,
            metadata: event.metadata.clone(),
            data: event.data.clone(),
        }
    }
}

impl Record {
    /// The canonical bytes.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`] and [`RecordError::Invalid`]; never for an event that a log has recorded.
    pub fn encode(&self) -> Result<Bytes, RecordError> {
        if !is_category(self.stream.category.as_bytes()) {
            return Err(RecordError::Invalid("stream"));
        }
        if !is_type(self.event_type.as_bytes()) {
            return Err(RecordError::Invalid("type"));
        }
        let length = encoded_len(&self.stream, &self.event_type, &self.metadata, &self.data);
        if length > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge);
        }
        let mut out = BytesMut::with_capacity(length);
        out.put_u8(FORMAT);
        out.put_slice(self.id.as_bytes());
        put_short(&mut out, self.stream.category.as_bytes())?;
        out.put_slice(self.stream.key.as_bytes());
        out.put_u64(self.version);
        put_short(&mut out, self.event_type.as_bytes())?;
        out.put_i64(self.recorded_at.as_microsecond());
        put_long(&mut out, &self.metadata)?;
        put_long(&mut out, &self.data)?;
        Ok(out.freeze())
    }

    /// Reads canonical bytes. Metadata and data share the memory of `bytes`.
    ///
    /// # Errors
    /// [`RecordError`] if these are not exactly the bytes that [`Record::encode`] would give.
    pub fn decode(mut bytes: Bytes) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge);
        }
        let format = bytes.try_get_u8().map_err(cut_short)?;
        if format != FORMAT {
            return Err(RecordError::UnknownFormat(format));
        }
        let id = take_uuid(&mut bytes)?;
        let category = take_text(&mut bytes, "stream", is_category)?;
        let key = take_uuid(&mut bytes)?;
        let version = bytes.try_get_u64().map_err(cut_short)?;
        let event_type = take_text(&mut bytes, "type", is_type)?;
        let micros = bytes.try_get_i64().map_err(cut_short)?;
        let recorded_at = Timestamp::from_microsecond(micros).map_err(|_| RecordError::Invalid("recorded time"))?;
        let length = bytes.try_get_u16().map_err(cut_short)?;
        let metadata = take(&mut bytes, length.into())?;
        let length = bytes.try_get_u16().map_err(cut_short)?;
        let data = take(&mut bytes, length.into())?;
        if bytes.has_remaining() {
            return Err(RecordError::TrailingBytes);
        }
        Ok(Self { id, stream: StreamId { category, key }, version, event_type, recorded_at, metadata, data })
    }
}

/// How many bytes the record of such an event has.
#[must_use]
pub fn encoded_len(stream: &StreamId, event_type: &str, metadata: &[u8], data: &[u8]) -> usize {
    FIXED_BYTES
        .saturating_add(stream.category.len())
        .saturating_add(event_type.len())
        .saturating_add(metadata.len())
        .saturating_add(data.len())
}

/// 1 to 31 lower-case ASCII letters and `_`.
pub(crate) fn is_category(text: &[u8]) -> bool {
    (1..=31).contains(&text.len()) && text.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_')
}

/// 1 to 127 visible ASCII characters.
pub(crate) fn is_type(text: &[u8]) -> bool {
    (1..=127).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
}

fn put_short(out: &mut BytesMut, text: &[u8]) -> Result<(), RecordError> {
    out.put_u8(u8::try_from(text.len()).map_err(|_| RecordError::TooLarge)?);
    out.put_slice(text);
    Ok(())
}

fn put_long(out: &mut BytesMut, bytes: &[u8]) -> Result<(), RecordError> {
    out.put_u16(u16::try_from(bytes.len()).map_err(|_| RecordError::TooLarge)?);
    out.put_slice(bytes);
    Ok(())
}

fn cut_short(_: bytes::TryGetError) -> RecordError {
    RecordError::CutShort
}

fn take(bytes: &mut Bytes, length: usize) -> Result<Bytes, RecordError> {
    if bytes.len() < length {
        return Err(RecordError::CutShort);
    }
    Ok(bytes.split_to(length))
}

fn take_uuid(bytes: &mut Bytes) -> Result<Uuid, RecordError> {
    let taken = take(bytes, 16)?;
    Uuid::from_slice(&taken).map_err(|_| RecordError::CutShort)
}

fn take_text(bytes: &mut Bytes, what: &'static str, fits: fn(&[u8]) -> bool) -> Result<Arc<str>, RecordError> {
    let length = bytes.try_get_u8().map_err(cut_short)?;
    let taken = take(bytes, length.into())?;
    match std::str::from_utf8(&taken) {
        Ok(text) if fits(&taken) => Ok(Arc::from(text)),
        Ok(_) | Err(_) => Err(RecordError::Invalid(what)),
    }
}
