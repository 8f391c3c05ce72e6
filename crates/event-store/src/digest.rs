//! A fingerprint of a log, to compare a copy with its original.

use sha2::{Digest, Sha256};

use crate::record::{Record, RecordError};
use crate::{EventStore, Position, ReadError, Recorded};

/// Events read at once.
const PAGE: usize = 1_000;

/// SHA-256 over the events of a log in their order: of each, its position (8 bytes, big-endian), the length of its canonical record
/// (4 bytes, big-endian) and the record. Two logs with the same digest have the same events at the same positions, byte for byte.
#[derive(Debug, Clone, Default)]
pub struct LogDigest {
    hash: Sha256,
    events: u64,
    last: Position,
}

/// Why the digest of a log cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Unreadable(#[from] ReadError),
    /// An event has no canonical record: the log is damaged.
    #[error("the event at {at} is damaged")]
    Damaged {
        /// Where.
        at: Position,
        /// What is wrong with it.
        #[source]
        source: RecordError,
    },
}

impl LogDigest {
    /// Adds the next event.
    ///
    /// # Errors
    /// [`DigestError::Damaged`] if it has no canonical record; the digest is as before then.
    pub fn add(&mut self, event: &Recorded) -> Result<(), DigestError> {
        let record = Record::from(event).encode().map_err(|source| DigestError::Damaged { at: event.position, source })?;
        // A record has at most 65,535 bytes.
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        self.hash.update(event.position.0.to_be_bytes());
        self.hash.update(length.to_be_bytes());
        self.hash.update(&record);
        self.events += 1;
        self.last = event.position;
        Ok(())
    }

    /// How many events it covers.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The position of the last of them.
    #[must_use]
    pub fn last(&self) -> Position {
        self.last
    }

    /// The digest so far, as 64 hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// That of all events of a log up to a position (inclusive).
    ///
    /// # Errors
    /// [`DigestError`].
    pub async fn of(log: &dyn EventStore, up_to: Position) -> Result<Self, DigestError> {
        let mut digest = Self::default();
        loop {
            let page = log.read_all(digest.last, PAGE).await?;
            let whole = page.len() == PAGE;
            for event in &page {
                if event.position > up_to {
                    return Ok(digest);
                }
                digest.add(event)?;
            }
            if !whole {
                return Ok(digest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use uuid::Uuid;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::{Append, Expected, NewEvent, StreamId};

    async fn log(texts: &[&'static str]) -> MemoryStore {
        let log = MemoryStore::new(Arc::new(|| "2026-03-02T10:00:00Z".parse().unwrap()));
        for (number, text) in (0..).zip(texts) {
            let event = NewEvent {
                id: Uuid::from_u128(number),
                event_type: "noted.v1".into(),
                metadata: Bytes::new(),
                data: Bytes::from_static(text.as_bytes()),
            };
            let stream = StreamId::new("note", Uuid::from_u128(number));
            log.append(Append { stream, expected: Expected::NoStream, events: vec![event], after: None }).outcome().await.unwrap();
        }
        log
    }

    #[tokio::test]
    async fn it_tells_logs_apart_that_differ_in_one_byte_and_covers_what_it_is_asked_for() {
        let (one, same, other) = (log(&["a", "b", "c"]).await, log(&["a", "b", "c"]).await, log(&["a", "b", "d"]).await);
        let all = Position(u64::MAX);
        let of_one = LogDigest::of(&one, all).await.unwrap();
        assert_eq!((of_one.events(), of_one.last()), (3, Position(3)));
        assert_eq!(of_one.text(), LogDigest::of(&same, all).await.unwrap().text());
        assert_ne!(of_one.text(), LogDigest::of(&other, all).await.unwrap().text());
        let first_two = LogDigest::of(&one, Position(2)).await.unwrap();
        assert_eq!(first_two.text(), LogDigest::of(&other, Position(2)).await.unwrap().text());
    }

    #[tokio::test]
    async fn the_digest_of_a_known_log_never_changes() {
        // Computed by hand from the table of the record.
        let known = LogDigest::of(&log(&["a"]).await, Position(1)).await.unwrap();
        assert_eq!(known.text(), "d4dfb7e41ce99b357042b904359f1dbf48ecb194c53783a0307855029afbfec2");
    }
}
