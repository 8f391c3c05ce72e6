//! Reading: pages of ours out of the server's pages, checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use event_store::{Direction, Position, ReadError, Recorded, StreamId};
use eventstore::RecordedEvent;
use parking_lot::Mutex;

use crate::error::{Trouble, damaged};
use crate::pages::{Meaning, Ours, Pages, Place};

/// The most places that are remembered.
const ANCHORS: usize = 65_536;
/// The fewest events asked for at once: one of ours may stand among many of others.
const LEAST: usize = 16;

pub(crate) struct Reader {
    pub(crate) pages: Arc<Pages>,
    anchors: Mutex<BTreeSet<u64>>,
}

impl Reader {
    pub(crate) fn new(pages: Arc<Pages>) -> Self {
        Self { pages, anchors: Mutex::default() }
    }

    /// As [`event_store::EventStore::read_all`] and `read_all_backwards`: ours with a position beyond `from` in this direction.
    pub(crate) async fn all(&self, from: Position, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let beyond = |position: u64| match direction {
            Direction::Forwards => position > from.0,
            Direction::Backwards => position < from.0,
        };
        let Some(mut place) = start(from, direction).filter(|_| limit > 0) else { return Ok(Vec::new()) };
        let mut others = self.other_places(from, direction);
        let (mut found, mut last, mut most, mut ended) = (Vec::new(), None, limit, None);
        loop {
            let count = (most - found.len()).saturating_add(1).clamp(LEAST, self.pages.page.max(LEAST));
            let events = match (self.pages.all(place, direction, count).await, others.pop()) {
                (Ok(events), _) => {
                    others.clear();
                    events
                }
                (Err(Trouble::Invalid(_)), Some(other)) => {
                    // Much may be left out from there.
                    most = if others.is_empty() { usize::MAX } else { limit };
                    place = other;
                    continue;
                }
                (Err(trouble), _) => return Err(trouble.unavailable()),
            };
            let complete = events.len() < count;
            let next = events.last().map(|event| Place::At(event.position));
            self.remember(&events);
            for event in events {
                let position = event.position.commit;
                // A page forwards begins with the event where the one before ended.
                let again = direction == Direction::Forwards && ended == Some(Place::At(event.position));
                if again || !beyond(position) || found.len() == limit {
                    continue;
                }
                match self.pages.meaning(event)? {
                    Meaning::Ours(ours) => {
                        in_order(last, position, direction)?;
                        last = Some(position);
                        found.push(ours.event);
                    }
                    Meaning::Hides(stream) => self.pages.still_whole(&stream).await?,
                    Meaning::Epoch { .. } | Meaning::Another => {}
                }
            }
            match next {
                Some(next) if !complete && found.len() < limit && next != place => {
                    (place, ended) = (next, Some(next));
                }
                Some(_) | None => return Ok(found),
            }
        }
    }

    /// As [`event_store::EventStore::read_stream`].
    pub(crate) async fn stream(
        &self,
        stream: &StreamId,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let events = match direction {
            Direction::Forwards => self.stream_forwards(stream, from, limit).await?,
            Direction::Backwards => self.stream_backwards(stream, from, limit).await?,
        };
        Ok(events.into_iter().map(|ours| ours.event).collect())
    }

    /// The events of a stream from this version on, with their marks.
    pub(crate) async fn stream_forwards(&self, stream: &StreamId, from: u64, limit: usize) -> Result<Vec<Ours>, ReadError> {
        let (name, mut found) = (self.pages.names.of(stream), Vec::new());
        while found.len() < limit {
            let next = from.saturating_add(u64::try_from(found.len()).unwrap_or(u64::MAX));
            if i64::try_from(next).is_err() {
                break;
            }
            let count = (limit - found.len()).min(self.pages.page);
            let page = self.stream_page(stream, &name, Some(next), Direction::Forwards, count).await?;
            let complete = page.len() < count;
            for (ours, version) in page.into_iter().zip(next..) {
                expect_version(&ours, version)?;
                found.push(ours);
            }
            if complete {
                break;
            }
        }
        Ok(found)
    }

    async fn stream_backwards(&self, stream: &StreamId, from: u64, limit: usize) -> Result<Vec<Ours>, ReadError> {
        let name = self.pages.names.of(stream);
        let mut found: Vec<Ours> = Vec::new();
        // From a version that is not there yet a server may find nothing: then from the end, and less what is beyond.
        let mut next = Some(from).filter(|from| *from < u64::MAX >> 1);
        while found.len() < limit {
            let count = (limit - found.len()).min(self.pages.page);
            let page = self.stream_page(stream, &name, next, Direction::Backwards, count).await?;
            if page.is_empty() && found.is_empty() && next.is_some() {
                next = None;
                continue;
            }
            let complete = page.len() < count;
            for ours in page {
                if let Some(later) = found.last() {
                    expect_version(&ours, later.event.version.wrapping_sub(1))?;
                }
                next = ours.event.version.checked_sub(1);
                if ours.event.version <= from {
                    found.push(ours);
                }
            }
            match (next, complete) {
                (None, _) => break,
                (Some(version), true) => return Err(damaged(format!("{stream} version {version}"), "the event is missing")),
                (Some(_), false) => {}
            }
        }
        Ok(found)
    }

    async fn stream_page(
        &self,
        stream: &StreamId,
        name: &str,
        from: Option<u64>,
        direction: Direction,
        count: usize,
    ) -> Result<Vec<Ours>, ReadError> {
        let page = match self.pages.stream(name, from, direction, count).await {
            Ok(Some(page)) => page,
            Ok(None) => return self.never_written(stream).await,
            Err(Trouble::Deleted) => return Err(damaged(stream, "the stream was deleted")),
            Err(trouble) => return Err(trouble.unavailable()),
        };
        let mut found = Vec::with_capacity(page.len());
        for event in page {
            if let Meaning::Ours(ours) = self.pages.meaning(event)? {
                found.push(*ours);
            }
        }
        Ok(found)
    }

    /// A stream that is not found is one that nobody wrote to, or one that was deleted so that it can be written again: the
    /// server's own stream about it tells.
    async fn never_written(&self, stream: &StreamId) -> Result<Vec<Ours>, ReadError> {
        if self.pages.hidden_now(stream).await? { Err(damaged(stream, "the stream was deleted")) } else { Ok(Vec::new()) }
    }

    /// Where to begin, last first, when no event begins at `from`. What is beyond a position is what is at the next one or beyond, and
    /// that is where an event begins if it was asked for by its place; else what comes before is left out.
    fn other_places(&self, from: Position, direction: Direction) -> Vec<Place> {
        let anchor = self.anchor(from, direction);
        match direction {
            Direction::Forwards => vec![anchor, Place::of(from.0.saturating_add(1))],
            Direction::Backwards => vec![anchor],
        }
    }

    /// The known place from which everything beyond `from` is found.
    fn anchor(&self, from: Position, direction: Direction) -> Place {
        let anchors = self.anchors.lock();
        let known = match direction {
            Direction::Forwards => anchors.range(..=from.0).next_back(),
            Direction::Backwards => anchors.range(from.0..).next(),
        };
        known.map_or(Place::End, |position| Place::of(*position))
    }

    /// Remembers where a page ends, so that a reader that asks for any place between finds one to start from.
    pub(crate) fn remember(&self, events: &[RecordedEvent]) {
        let Some(last) = events.last().filter(|event| event.position.commit == event.position.prepare && events.len() >= LEAST) else {
            return;
        };
        let mut anchors = self.anchors.lock();
        anchors.insert(last.position.commit);
        if anchors.len() > ANCHORS {
            let mut keep = false;
            anchors.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }
}

/// Where to begin. None if there can be nothing.
fn start(from: Position, direction: Direction) -> Option<Place> {
    let is_place = i64::try_from(from.0).is_ok();
    match direction {
        Direction::Forwards if from == Position::START => Some(Place::End),
        Direction::Forwards => is_place.then_some(Place::of(from.0)),
        Direction::Backwards if from == Position::START => None,
        Direction::Backwards if is_place => Some(Place::of(from.0)),
        Direction::Backwards => Some(Place::End),
    }
}

/// The server reads in the order of commits, so each event stands beyond the one before it.
fn in_order(last: Option<u64>, position: u64, direction: Direction) -> Result<(), ReadError> {
    let fits = last.is_none_or(|last| match direction {
        Direction::Forwards => last < position,
        Direction::Backwards => last > position,
    });
    if fits { Ok(()) } else { Err(damaged(format!("position {position}"), "two events are at this position, or out of order")) }
}

fn expect_version(ours: &Ours, version: u64) -> Result<(), ReadError> {
    if ours.event.version == version {
        return Ok(());
    }
    let found = ours.event.version;
    Err(damaged(format!("{} version {version}", ours.event.stream), format!("the event is missing; the next one has version {found}")))
}
