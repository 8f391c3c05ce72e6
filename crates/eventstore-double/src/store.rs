//! What the servers of one cluster share: the log, who leads, and what is to go wrong.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::faults::{Fault, Faults};

/// An event as the server keeps it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Commit and prepare position: the same for what is written as one record, as all is since version 5.
    pub position: u64,
    /// Name of its stream.
    pub stream: String,
    /// Place in its stream, from 0.
    pub revision: u64,
    /// Its id.
    pub id: Uuid,
    /// What the server keeps of it: `type` and `content-type`.
    pub system: HashMap<String, String>,
    /// As appended.
    pub custom_metadata: Bytes,
    /// As appended.
    pub data: Bytes,
}

/// An event to be appended.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// Its id.
    pub id: Uuid,
    /// `type` and `content-type`.
    pub system: HashMap<String, String>,
    /// As sent.
    pub custom_metadata: Bytes,
    /// As sent.
    pub data: Bytes,
}

/// What a stream must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever.
    Any,
    /// No event.
    NoStream,
    /// At least one event.
    StreamExists,
    /// The newest event has this revision.
    Revision(u64),
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Written, or there already.
    Success {
        /// Of the last event.
        revision: u64,
        /// Of the last event.
        position: u64,
    },
    /// The stream is elsewhere.
    Wrong {
        /// Its newest revision.
        current: Option<u64>,
    },
    /// The stream has a tombstone.
    Deleted,
}

/// The log of a cluster in memory, and its faults. Clones are the same log; it outlives the servers that serve it.
#[derive(Debug, Clone, Default)]
pub struct Store {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) log: Mutex<Log>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) released: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    events: Vec<Stored>,
    streams: HashMap<String, Stream>,
    end: u64,
    pub(crate) nodes: Vec<SocketAddr>,
    pub(crate) leader: Option<SocketAddr>,
}

#[derive(Debug, Default)]
struct Stream {
    /// Places in the log.
    places: Vec<usize>,
    tombstone: bool,
    truncate_before: u64,
}

impl Store {
    /// An empty log. As on a fresh server, there are records before the first event, so no event is at position 0.
    #[must_use]
    pub fn new() -> Self {
        let store = Self::default();
        store.shared.log.lock().end = 1_431;
        store
    }

    /// What is to go wrong with the next appends, one fault each, in this order.
    pub fn next_appends(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().appends.extend(faults);
    }

    /// Whether all faults that were ordered for appends have happened.
    #[must_use]
    pub fn faults_are_used_up(&self) -> bool {
        self.shared.faults.lock().appends.is_empty()
    }

    /// From now on appends are made but not answered, until [`Store::release`].
    pub fn hold_answers(&self) {
        self.shared.faults.lock().holding = true;
    }

    /// From now on reads are not answered, until [`Store::release`].
    pub fn hold_reads(&self) {
        self.shared.faults.lock().holding_reads = true;
    }

    /// Answers as an older server does, which does not say the positions of the events of a stream.
    pub fn grow_old(&self) {
        self.shared.faults.lock().is_old = true;
    }

    /// Answers what is held, and holds no longer.
    pub fn release(&self) {
        let mut faults = self.shared.faults.lock();
        faults.holding = false;
        faults.holding_reads = false;
        drop(faults);
        self.shared.released.notify_waiters();
    }

    /// How many appends and reads are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.shared.faults.lock().held
    }

    /// How many requests to append arrived, whatever became of them.
    #[must_use]
    pub fn appends_asked(&self) -> usize {
        self.shared.faults.lock().appends_asked
    }

    /// An event of the server itself, such as its statistics, or of another application in the same cluster.
    pub fn append_foreign(&self, stream: &str) {
        let event = Proposed {
            id: Uuid::from_u128(0xF0E1 << 96 | u128::from(self.shared.log.lock().end)),
            system: HashMap::from([("type".to_owned(), "$statsCollected".to_owned())]),
            custom_metadata: Bytes::new(),
            data: Bytes::from_static(b"{}"),
        };
        self.shared.log.lock().append(stream, Expected::Any, vec![event]);
    }

    /// What a failover does to a log whose newest events were not replicated: this many events from the end are gone.
    pub fn lose_tail(&self, events: usize) {
        self.shared.log.lock().lose_tail(events);
    }

    /// Deletes a stream for good: its events are gone, and it can never be written again.
    pub fn tombstone(&self, stream: &str) {
        let mut log = self.shared.log.lock();
        log.append(stream, Expected::Any, vec![named("$streamDeleted", Bytes::new())]);
        log.streams.entry(stream.to_owned()).or_default().tombstone = true;
    }

    /// Hides the events of a stream before this revision (`$tb` of its metadata); `i64::MAX` is what deleting a stream does, 0 shows
    /// them all again.
    pub fn truncate(&self, stream: &str, before: u64) {
        let mut log = self.shared.log.lock();
        let metadata = if before == 0 { Bytes::from_static(b"{}") } else { Bytes::from(format!("{{\"$tb\":{before}}}")) };
        log.append(&format!("$${stream}"), Expected::Any, vec![named("$metadata", metadata)]);
        log.streams.entry(stream.to_owned()).or_default().truncate_before = before;
    }

    /// Removes an event from the log alone, as a disk that lost it would.
    pub fn lose_event(&self, position: u64) {
        let mut log = self.shared.log.lock();
        let kept: Vec<Stored> = log.events.iter().filter(|event| event.position != position).cloned().collect();
        log.rebuild(kept);
    }

    /// Changes an event in the log, as nobody but a person with another client could.
    pub fn edit(&self, position: u64, edit: impl Fn(&mut Stored)) {
        let mut log = self.shared.log.lock();
        let mut events = log.events.clone();
        events.iter_mut().filter(|event| event.position == position).for_each(edit);
        log.rebuild(events);
    }

    /// All events, oldest first, those of the server too.
    #[must_use]
    pub fn events(&self) -> Vec<Stored> {
        self.shared.log.lock().events.clone()
    }

    /// Makes the server at this address the leader; the others are its followers.
    pub fn lead(&self, address: SocketAddr) {
        self.shared.log.lock().leader = Some(address);
    }
}

fn named(event_type: &str, data: Bytes) -> Proposed {
    let system = HashMap::from([("type".to_owned(), event_type.to_owned())]);
    Proposed { id: Uuid::from_u128(0xDE1E7ED), system, custom_metadata: Bytes::new(), data }
}

impl Log {
    /// Appends as the server does: an append whose ids are all at the places they were meant for is answered like the first time.
    pub(crate) fn append(&mut self, stream: &str, expected: Expected, events: Vec<Proposed>) -> Outcome {
        let known = self.streams.entry(stream.to_owned()).or_default();
        if known.tombstone {
            return Outcome::Deleted;
        }
        let current = u64::try_from(known.places.len()).unwrap_or(u64::MAX).checked_sub(1);
        let hidden = current.is_none_or(|current| current < known.truncate_before) && known.truncate_before > 0;
        let first = match expected {
            Expected::Any | Expected::StreamExists => current.map_or(0, |current| current + 1),
            Expected::NoStream => 0,
            Expected::Revision(revision) => revision.saturating_add(1),
        };
        let next = current.map_or(0, |current| current + 1);
        if expected == Expected::NoStream && hidden {
            // A stream that was deleted softly goes on with the number after its last.
            return self.write(stream, events);
        }
        if first == next && !(expected == Expected::StreamExists && current.is_none()) {
            return self.write(stream, events);
        }
        match self.repeated(stream, first, &events) {
            Some((revision, position)) if first < next => Outcome::Success { revision, position },
            Some(_) | None => Outcome::Wrong { current },
        }
    }

    fn repeated(&self, stream: &str, first: u64, events: &[Proposed]) -> Option<(u64, u64)> {
        let mut last = None;
        for (revision, event) in (first..).zip(events) {
            let place = *self.streams.get(stream)?.places.get(usize::try_from(revision).ok()?)?;
            let stored = self.events.get(place)?;
            if stored.id != event.id {
                return None;
            }
            last = Some((revision, stored.position));
        }
        last
    }

    fn write(&mut self, stream: &str, events: Vec<Proposed>) -> Outcome {
        let mut last = Outcome::Wrong { current: None };
        for event in events {
            let known = self.streams.entry(stream.to_owned()).or_default();
            let revision = u64::try_from(known.places.len()).unwrap_or(u64::MAX);
            known.places.push(self.events.len());
            let position = self.end;
            let size = 92 + stream.len() + event.data.len() + event.custom_metadata.len();
            self.end += u64::try_from(size).unwrap_or(u64::MAX);
            last = Outcome::Success { revision, position };
            self.events.push(Stored {
                position,
                stream: stream.to_owned(),
                revision,
                id: event.id,
                system: event.system,
                custom_metadata: event.custom_metadata,
                data: event.data,
            });
        }
        last
    }

    fn lose_tail(&mut self, events: usize) {
        let kept = self.events.len().saturating_sub(events);
        if let Some(first) = self.events.get(kept) {
            self.end = first.position;
        }
        let kept = self.events.drain(..kept).collect();
        self.rebuild(kept);
    }

    fn rebuild(&mut self, events: Vec<Stored>) {
        for stream in self.streams.values_mut() {
            stream.places.clear();
        }
        for (place, event) in events.iter().enumerate() {
            self.streams.entry(event.stream.clone()).or_default().places.push(place);
        }
        self.events = events;
    }

    /// Events of a stream that can be seen, from this revision on in this direction; none if there is no such stream.
    pub(crate) fn stream(&self, name: &str, from: Option<u64>, backwards: bool, count: usize) -> Result<Option<Vec<Stored>>, Gone> {
        let Some(stream) = self.streams.get(name) else { return Ok(None) };
        if stream.tombstone {
            return Err(Gone);
        }
        let seen =
            stream.places.iter().filter_map(|place| self.events.get(*place)).filter(|event| event.revision >= stream.truncate_before);
        let mut all: Vec<&Stored> = seen.collect();
        if all.is_empty() {
            return Ok(None);
        }
        let page = if backwards {
            all.reverse();
            all.into_iter().filter(|event| from.is_none_or(|from| event.revision <= from)).take(count).cloned().collect()
        } else {
            all.into_iter().filter(|event| event.revision >= from.unwrap_or(0)).take(count).cloned().collect()
        };
        Ok(Some(page))
    }

    /// Events of `$all` from this position on (forwards: that event first; backwards: those before it). None from the ends.
    /// Nothing if no event begins there: the server cannot read from the middle of a record.
    pub(crate) fn all(&self, from: Option<u64>, backwards: bool, count: usize) -> Option<Vec<Stored>> {
        let place = match (from, backwards) {
            (None, false) => 0,
            (None, true) => self.events.len(),
            (Some(position), false) if position >= self.end => self.events.len(),
            (Some(0), _) => 0,
            (Some(position), true) if position == self.end => self.events.len(),
            (Some(position), _) => self.events.binary_search_by_key(&position, |event| event.position).ok()?,
        };
        Some(if backwards {
            self.events.get(..place)?.iter().rev().take(count).cloned().collect()
        } else {
            self.events.get(place..)?.iter().take(count).cloned().collect()
        })
    }
}

/// The stream has a tombstone.
#[derive(Debug)]
pub(crate) struct Gone;

impl Faults {
    /// The fault of the append that arrives now, if any.
    pub(crate) fn of_append(&mut self) -> Option<Fault> {
        self.appends_asked += 1;
        self.appends.pop_front()
    }
}

/// Faults of appends, in order.
pub(crate) type Orders = VecDeque<Fault>;
