//! What is kept with an event beside its data: when it was recorded, by which append, and its metadata.
//!
//! The server keeps a time of its own, but gives it back cut to seconds. So the custom metadata of an event is, integers big-endian:
//! 1 byte format, 8 bytes signed microseconds since 1970, 16 bytes mark of the append, then the metadata as it came.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use jiff::Timestamp;

const FORMAT: u8 = 1;

/// Tells one append from any other, also from one of the same events by another process: how we know whether an event that is there
/// is the one that we wrote, or was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) [u8; 16]);

/// What the custom metadata of an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) recorded_at: Timestamp,
    pub(crate) mark: Mark,
    pub(crate) metadata: Bytes,
}

impl Frame {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(25 + self.metadata.len());
        out.put_u8(FORMAT);
        out.put_i64(self.recorded_at.as_microsecond());
        out.put_slice(&self.mark.0);
        out.put_slice(&self.metadata);
        out.freeze()
    }

    /// None if this code did not write it.
    pub(crate) fn decode(mut bytes: Bytes) -> Option<Self> {
        if bytes.try_get_u8().ok()? != FORMAT {
            return None;
        }
        let recorded_at = Timestamp::from_microsecond(bytes.try_get_i64().ok()?).ok()?;
        let mut mark = [0; 16];
        bytes.try_copy_to_slice(&mut mark).ok()?;
        Some(Self { recorded_at, mark: Mark(mark), metadata: bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_gives_back_what_was_put_in_to_the_byte() {
        let frame = Frame {
            recorded_at: Timestamp::from_microsecond(1_790_000_000_123_456).unwrap(),
            mark: Mark([7; 16]),
            metadata: Bytes::from_static(b"{\"a\": 1}\r\n\0"),
        };
        let bytes = frame.encode();
        assert_eq!(bytes.len(), 25 + frame.metadata.len());
        assert_eq!(Frame::decode(bytes.clone()), Some(frame));
        for cut in 0..25 {
            assert_eq!(Frame::decode(bytes.slice(..cut)), None);
        }
        assert_eq!(Frame::decode(Bytes::from_static(b"{\"correlationId\": \"another application\"}")), None);
    }
}
