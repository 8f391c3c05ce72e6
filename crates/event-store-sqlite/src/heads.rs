//! What the writer remembers of streams: a bounded cache in two generations.
//!
//! New and used entries go to the young generation; when that is full, it becomes the old one and the old one is
//! forgotten. What is used stays, at two look-ups at most and without a list to keep in order.

use std::collections::HashMap;

use event_store::StreamId;

/// A stream that has events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its number in the file.
    pub(crate) stream: i64,
    /// The version of its newest event.
    pub(crate) version: u64,
}

#[derive(Debug)]
pub(crate) struct Heads {
    young: HashMap<StreamId, Head>,
    old: HashMap<StreamId, Head>,
    generation: usize,
}

impl Heads {
    /// Remembers up to about this many streams.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation: (capacity / 2).max(1) }
    }

    pub(crate) fn get(&mut self, stream: &StreamId) -> Option<Head> {
        if let Some(head) = self.young.get(stream) {
            return Some(*head);
        }
        let (stream, head) = self.old.remove_entry(stream)?;
        self.insert(stream, head);
        Some(head)
    }

    /// Remembers the head of a stream; the name is copied only if the stream is new here.
    pub(crate) fn put(&mut self, stream: &StreamId, head: Head) {
        match self.young.get_mut(stream) {
            Some(known) => *known = head,
            None => self.insert(stream.clone(), head),
        }
    }

    fn insert(&mut self, stream: StreamId, head: Head) {
        if self.young.len() >= self.generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stream, head);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn stream(key: u128) -> StreamId {
        StreamId::new("case", Uuid::from_u128(key))
    }

    #[test]
    fn a_stream_in_use_is_remembered_however_many_come_and_go() {
        let mut heads = Heads::new(8);
        heads.put(&stream(0), Head { stream: 1, version: 7 });
        for key in 1..1000 {
            heads.put(&stream(key), Head { stream: 2, version: 0 });
            assert_eq!(heads.get(&stream(0)), Some(Head { stream: 1, version: 7 }));
            assert!(heads.young.len() + heads.old.len() <= 8);
        }
        assert_eq!(heads.get(&stream(1)), None);
    }

    #[test]
    fn the_newest_version_is_the_one_remembered() {
        let mut heads = Heads::new(2);
        for version in 0..10 {
            heads.put(&stream(1), Head { stream: 1, version });
            heads.put(&stream(100 + u128::from(version)), Head { stream: 2, version: 0 });
            assert_eq!(heads.get(&stream(1)), Some(Head { stream: 1, version }));
        }
    }
}
