//! The head of the log: events as they come, our own appends found among them, and whether history is still the one we know.
//!
//! One task reads `$all` page by page from the last event it saw: after each own append at once, else every poll. It begins each page
//! with the event it saw last, so it notices when that is no longer there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use event_store::{Direction, Epoch, Position, ReadError, StreamId};
use eventstore::RecordedEvent;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot, watch};
use uuid::Uuid;

use crate::error::{Trouble, damaged};
use crate::frame::Mark;
use crate::pages::{Meaning, Ours, Pages, Place};
use crate::reader::Reader;
use crate::times::Times;

/// Where an event of an append was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) position: Position,
    pub(crate) mark: Mark,
}

/// An append that waits for its event; several may be meant for one place.
type Waiting = (Mark, oneshot::Sender<Found>);

/// What the follower shares with those who append and ask.
pub(crate) struct Head {
    pub(crate) position: watch::Sender<Position>,
    nudge: Notify,
    expected: Mutex<HashMap<(StreamId, u64), Vec<Waiting>>>,
}

/// What is known of the end of the log.
pub(crate) struct Follower {
    reader: Arc<Reader>,
    head: Arc<Head>,
    times: Arc<Times>,
    epoch: Epoch,
    poll: Duration,
    /// The last event seen, of anyone.
    last: Option<(eventstore::Position, Uuid)>,
    /// The last event of ours.
    ours: Option<(Position, Uuid)>,
}

/// The end of the log when it is opened.
pub(crate) struct End {
    last: Option<(eventstore::Position, Uuid)>,
    ours: Option<(Position, Uuid)>,
    pub(crate) recorded_at: Timestamp,
}

impl Head {
    pub(crate) fn new(end: &End) -> Arc<Self> {
        let position = watch::Sender::new(end.ours.map_or(Position::START, |(position, _)| position));
        Arc::new(Self { position, nudge: Notify::new(), expected: Mutex::default() })
    }

    /// Asks the follower to look now.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Tells the append of this mark where the event stands that has this version, once it is seen. Ask before it can be written.
    pub(crate) fn expect(&self, stream: &StreamId, version: u64, mark: Mark) -> oneshot::Receiver<Found> {
        let (sender, receiver) = oneshot::channel();
        self.expected.lock().entry((stream.clone(), version)).or_default().push((mark, sender));
        receiver
    }

    /// This append waits for the event no more.
    pub(crate) fn forget(&self, stream: &StreamId, version: u64, mark: Mark) {
        let (place, mut expected) = ((stream.clone(), version), self.expected.lock());
        if let Some(waiting) = expected.get_mut(&place) {
            waiting.retain(|(other, _)| *other != mark);
            if waiting.is_empty() {
                expected.remove(&place);
            }
        }
    }

    /// Waits until the head is there.
    pub(crate) async fn reach(&self, position: Position, within: Duration) -> Result<(), Trouble> {
        let mut head = self.position.subscribe();
        self.nudge();
        let reached = tokio::time::timeout(within, head.wait_for(|head| *head >= position)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Trouble::Unknown("the end of the log cannot be read".into())),
        }
    }

    fn tell(&self, ours: &[Ours]) {
        let mut expected = self.expected.lock();
        if expected.is_empty() {
            return;
        }
        for Ours { event, mark } in ours {
            for (_, sender) in expected.remove(&(event.stream.clone(), event.version)).into_iter().flatten() {
                // Nobody waiting is fine.
                let _ = sender.send(Found { position: event.position, mark: *mark });
            }
        }
    }
}

/// Finds the end of the log, reading backwards up to the first event of ours, or the first epoch if there is none.
pub(crate) async fn find_end(pages: &Pages) -> Result<End, ReadError> {
    let mut end = End { last: None, ours: None, recorded_at: Timestamp::MIN };
    let mut place = Place::End;
    loop {
        let page = pages.all(place, Direction::Backwards, pages.page).await.map_err(|trouble| trouble.unavailable())?;
        let complete = page.len() < pages.page;
        for event in page {
            let here = (event.position, event.id);
            end.last = end.last.or(Some(here));
            place = Place::At(event.position);
            match pages.meaning(event)? {
                Meaning::Ours(ours) => {
                    end.ours = Some((ours.event.position, ours.event.id));
                    end.recorded_at = ours.event.recorded_at;
                    return Ok(end);
                }
                Meaning::Hides(stream) => pages.still_whole(&stream).await?,
                Meaning::Epoch { is_first: true, .. } => return Ok(end),
                Meaning::Epoch { .. } | Meaning::Another => {}
            }
        }
        if complete {
            return Ok(end);
        }
    }
}

impl Follower {
    pub(crate) fn new(reader: Arc<Reader>, head: Arc<Head>, times: Arc<Times>, epoch: Epoch, end: End, poll: Duration) -> Self {
        Self { reader, head, times, epoch, poll, last: end.last, ours: end.ours }
    }

    /// Follows until it is stopped. Gives back why the log can no longer be trusted, if so.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) -> Option<ReadError> {
        let mut reachable = true;
        loop {
            tokio::select! {
                () = self.head.nudge.notified() => {}
                () = tokio::time::sleep(self.poll) => {}
                _ = stop.wait_for(|stop| *stop) => return None,
            }
            match self.advance().await {
                Ok(()) => reachable = true,
                Err(ReadError::Unavailable(error)) => {
                    if std::mem::replace(&mut reachable, false) {
                        tracing::warn!(%error, "the end of the event log cannot be read");
                    }
                }
                Err(damaged @ ReadError::Damaged { .. }) => return Some(damaged),
            }
        }
    }

    /// Reads on to the end.
    async fn advance(&mut self) -> Result<(), ReadError> {
        loop {
            let count = self.reader.pages.page + 1;
            let place = self.last.map_or(Place::End, |(position, _)| Place::At(position));
            let page = match self.reader.pages.all(place, Direction::Forwards, count).await {
                Ok(page) => page,
                Err(Trouble::Invalid(_)) => Vec::new(),
                Err(trouble) => return Err(trouble.unavailable()),
            };
            let complete = page.len() < count;
            let known = self.last.is_none_or(|last| page.first().is_some_and(|event| (event.position, event.id) == last));
            if !known {
                self.still_there().await?;
                continue;
            }
            let new = if self.last.is_some() { 1 } else { 0 };
            self.reader.remember(&page);
            self.take(page.into_iter().skip(new)).await?;
            if complete {
                return Ok(());
            }
        }
    }

    /// The event seen last is gone. The server's own may be scavenged, and those of the tail lost; then it is enough that the last
    /// event of ours is still where it was, and we go on from there.
    async fn still_there(&mut self) -> Result<(), ReadError> {
        let Some((position, id)) = self.ours else {
            self.last = None;
            return Ok(());
        };
        let place = Place::of(position.0);
        let found = match self.reader.pages.all(place, Direction::Forwards, 1).await {
            Ok(page) => page.first().is_some_and(|event| event.position.commit == position.0 && event.id == id),
            Err(Trouble::Invalid(_)) => false,
            Err(trouble) => return Err(trouble.unavailable()),
        };
        if !found {
            return Err(damaged(
                format!("position {position}"),
                "an event that was there is no longer: the server lost the end of its log",
            ));
        }
        self.last = Some((eventstore::Position { commit: position.0, prepare: position.0 }, id));
        Ok(())
    }

    /// Takes note of new events: the head first, then those who wait for them.
    async fn take(&mut self, page: impl Iterator<Item = RecordedEvent> + Send) -> Result<(), ReadError> {
        let mut found = Vec::new();
        for event in page {
            let here = (event.position, event.id);
            match self.reader.pages.meaning(event)? {
                Meaning::Ours(ours) => {
                    if self.ours.is_some_and(|(position, _)| ours.event.position <= position) {
                        return Err(damaged(
                            format!("position {}", ours.event.position),
                            "two events are at this position, or out of order",
                        ));
                    }
                    self.ours = Some((ours.event.position, ours.event.id));
                    self.times.saw(ours.event.recorded_at);
                    found.push(*ours);
                }
                Meaning::Epoch { epoch, .. } if epoch != Some(*self.epoch.0.as_bytes()) => {
                    return Err(damaged(
                        format!("position {}", here.0.commit),
                        "another epoch of the log was started: start again with it",
                    ));
                }
                Meaning::Hides(stream) => self.reader.pages.still_whole(&stream).await?,
                Meaning::Epoch { .. } | Meaning::Another => {}
            }
            self.last = Some(here);
        }
        if let Some((position, _)) = self.ours {
            self.head.position.send_if_modified(|head| std::mem::replace(head, position) != position);
        }
        self.head.tell(&found);
        Ok(())
    }
}
