//! The one reader of the log: reads a page, decodes each event once, and holds it until everybody near has taken it.
//!
//! Followers pull. Those that keep up share the pages of one reader; one that lags by more than the ring holds reads the log
//! by itself until it is near again, so nobody waits for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use event_codec::{Codec, Envelope};
use event_store::{EventStore, Position, ReadError};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::decode::{Failure, Page, decode};
use crate::wanted::{Wanted, rest};

/// Events that are read from the log at once.
pub(crate) const PAGE: usize = 1_000;

/// Events that the ring holds for followers that lag. A few dozen megabytes at most.
const RING: usize = 8_000;

/// How long the reader waits, while far from the head, for the followers in the ring to take the oldest page.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whoever is no further from the head than this counts as near it.
pub(crate) const NEAR: u64 = 20_000;

/// Pauses between attempts to read a log that cannot be read: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How long the reader rests between short pages, so that under load a page is worth waking everybody.
const PACE: Duration = Duration::from_millis(10);

/// Why there are no more events.
#[derive(Debug, Clone)]
pub(crate) enum Halt {
    /// The runtime is shutting down.
    Stopping,
    /// An event cannot be read.
    Unreadable(Failure),
}

/// Events in the order of the log.
#[derive(Debug)]
pub(crate) struct Batch {
    /// At least one, as it comes from the reader.
    pub(crate) events: Vec<Arc<Envelope>>,
}

impl Batch {
    fn new(events: Vec<Arc<Envelope>>) -> Option<Self> {
        (!events.is_empty()).then_some(Self { events })
    }

    /// Leaves out what comes after `last`.
    pub(crate) fn until(mut self, last: Position) -> Self {
        self.events.truncate(self.events.partition_point(|event| event.position <= last));
        self
    }
}

/// The position of the newest durable event of a log, whoever appended it: where several processes append, as the store itself says.
/// [`EventStore::head`] may get to know of it a little later.
///
/// # Errors
/// [`ReadError`] when the store cannot answer.
pub async fn newest(log: &dyn EventStore) -> Result<Position, ReadError> {
    let head = *log.head().borrow();
    if !log.is_shared() {
        return Ok(head);
    }
    let last = log.read_all_backwards(Position(u64::MAX), 1).await?;
    Ok(last.first().map_or(Position::START, |event| event.position).max(head))
}

/// The reader, shared by all followers.
pub(crate) struct Feed {
    log: Arc<dyn EventStore>,
    codec: Codec,
    ring: Mutex<Ring>,
    read: watch::Sender<Position>,
    moved: Notify,
    wanted: Wanted,
    stop: CancellationToken,
}

struct Ring {
    pages: VecDeque<Arc<[Arc<Envelope>]>>,
    /// The pages hold what comes after this.
    start: Position,
    /// The last event that was read.
    through: Position,
    events: usize,
    cursors: Vec<Weak<AtomicU64>>,
    failure: Option<Failure>,
}

/// Where a follower of the feed has got to.
#[derive(Clone)]
pub(crate) struct Cursor {
    feed: Arc<Feed>,
    at: Arc<AtomicU64>,
}

enum Slice {
    Batch(Batch),
    UpToDate,
    Behind,
    Failed(Failure),
}

impl Feed {
    /// A reader that begins after `start`; nothing is read until [`Feed::run`].
    pub(crate) fn new(log: Arc<dyn EventStore>, codec: Codec, start: Position, stop: CancellationToken) -> Arc<Self> {
        let ring = Ring { pages: VecDeque::new(), start, through: start, events: 0, cursors: Vec::new(), failure: None };
        let wanted = Wanted::new(log.head());
        Arc::new(Self { log, codec, ring: Mutex::new(ring), read: watch::Sender::new(start), moved: Notify::new(), wanted, stop })
    }

    /// What is wanted of the reader.
    pub(crate) fn wanted(&self) -> Wanted {
        self.wanted.clone()
    }

    /// The newest durable event of the log.
    pub(crate) fn head(&self) -> Position {
        *self.log.head().borrow()
    }

    /// Whether the log has come to `position`, at the latest after `patience`.
    pub(crate) async fn reaches(&self, position: Position, patience: Duration) -> bool {
        let mut head = self.log.head();
        let reached = head.wait_for(|head| *head >= position);
        matches!(tokio::time::timeout(patience, reached).await, Ok(Ok(_)))
    }

    /// A follower that has taken everything up to `at`.
    pub(crate) fn cursor(self: &Arc<Self>, at: Position) -> Cursor {
        let at = Arc::new(AtomicU64::new(at.0));
        let mut ring = self.ring.lock();
        ring.cursors.push(Arc::downgrade(&at));
        drop(ring);
        self.moved.notify_waiters();
        Cursor { feed: self.clone(), at }
    }

    /// Reads the log until the runtime stops or an event cannot be read.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut head = self.log.head();
        let mut wanted = self.wanted.subscribe();
        while !self.stop.is_cancelled() {
            self.be_needed().await;
            let known = *head.borrow_and_update();
            self.make_room(known).await;
            let after = self.ring.lock().through;
            let page = match self.page(after, PAGE).await {
                Ok(page) => page,
                Err(Halt::Stopping) => return,
                Err(Halt::Unreadable(failure)) => Page { events: Vec::new(), failure: Some(failure) },
            };
            let failed = page.failure.is_some();
            let through = self.push(page);
            if failed {
                return;
            }
            if through >= known || through == after {
                let rested = Instant::now() + PACE;
                let more = async {
                    let changed = head.changed().await;
                    rest(rested, &mut wanted, through).await;
                    changed
                };
                tokio::select! {
                    () = self.stop.cancelled() => return,
                    changed = more => if changed.is_err() { return },
                }
            }
        }
    }

    /// Waits until somebody is in the ring: where another instance keeps the read models and handles events, nobody is.
    async fn be_needed(&self) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if self.ring.lock().is_needed() {
                return;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = &mut moved => {}
            }
        }
    }

    /// Adds a page to the ring and wakes who waits. The last position read.
    fn push(&self, page: Page) -> Position {
        let mut ring = self.ring.lock();
        if let Some(last) = page.events.last() {
            ring.through = last.position;
            ring.events += page.events.len();
            ring.pages.push_back(page.events.into());
        }
        if let Some(failure) = page.failure {
            tracing::error!(position = failure.position.0, reason = %failure.reason, "an event of the log cannot be read: nothing goes beyond it");
            ring.failure = Some(failure);
        }
        let through = ring.through;
        drop(ring);
        self.read.send_modify(|read| *read = through);
        through
    }

    /// Waits for followers in the ring to take the oldest page, but not for ever, and not near the head.
    async fn make_room(&self, head: Position) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let (is_full, is_near) = {
                let mut ring = self.ring.lock();
                ring.drop_taken();
                (ring.events >= RING, head.0.saturating_sub(ring.through.0) <= NEAR)
            };
            if !is_full {
                return;
            }
            let patience = if is_near { Duration::ZERO } else { PATIENCE };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = &mut moved => {}
                () = tokio::time::sleep(patience) => self.ring.lock().drop_oldest(),
            }
        }
    }

    /// Reads and decodes what comes after `after`. Tries for as long as it takes while the log cannot be read.
    async fn page(&self, after: Position, limit: usize) -> Result<Page, Halt> {
        let mut pause = PAUSE.0;
        loop {
            let read = tokio::select! {
                () = self.stop.cancelled() => return Err(Halt::Stopping),
                read = self.log.read_all(after, limit) => read,
            };
            match read {
                Ok(records) => return Ok(decode(&self.codec, records).await),
                Err(ReadError::Damaged { at, what }) => {
                    return Err(Halt::Unreadable(Failure { position: after, reason: format!("the event log is damaged at {at}: {what}") }));
                }
                Err(ReadError::Unavailable(error)) => {
                    if pause == PAUSE.0 {
                        tracing::warn!(%error, after = after.0, "the event log cannot be read right now: trying again");
                    }
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(Halt::Stopping),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE.1),
            }
        }
    }
}

impl Ring {
    /// Whether a follower waits for what is read. If none did until now, what lies before the first that does is not read for it.
    fn is_needed(&mut self) -> bool {
        let places = self.cursors.iter().filter_map(Weak::upgrade).map(|at| Position(at.load(Ordering::Acquire)));
        let Some(next) = places.filter(|at| *at >= self.start).min() else { return false };
        if self.pages.is_empty() && next > self.through {
            (self.start, self.through) = (next, next);
        }
        true
    }

    /// Drops the pages that every follower in the ring has taken. Followers before the ring read by themselves.
    fn drop_taken(&mut self) {
        let start = self.start;
        let mut slowest = None;
        self.cursors.retain(|cursor| {
            let Some(at) = cursor.upgrade() else { return false };
            let at = Position(at.load(Ordering::Acquire));
            if at >= start {
                slowest = Some(slowest.map_or(at, |known: Position| known.min(at)));
            }
            true
        });
        while self.pages.front().and_then(|page| page.last()).is_some_and(|last| slowest.is_none_or(|at| last.position <= at)) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(page) = self.pages.pop_front() {
            self.events -= page.len();
            self.start = page.last().map_or(self.start, |last| last.position);
        }
    }

    fn slice(&self, after: Position, max: usize) -> Slice {
        if after < self.start {
            return Slice::Behind;
        }
        let taken = self.pages.partition_point(|page| page.last().is_none_or(|last| last.position <= after));
        let later = self.pages.range(taken..).flat_map(|page| page.iter());
        let events: Vec<_> = later.skip_while(|event| event.position <= after).take(max).cloned().collect();
        match (Batch::new(events), &self.failure) {
            (Some(batch), _) => Slice::Batch(batch),
            (None, Some(failure)) if after >= self.through => Slice::Failed(failure.clone()),
            (None, _) => Slice::UpToDate,
        }
    }
}

impl Cursor {
    /// The newest durable event of the log, whoever appended it.
    pub(crate) async fn newest(&self) -> Result<Position, ReadError> {
        newest(&*self.feed.log).await
    }

    /// Everything up to here was taken.
    pub(crate) fn position(&self) -> Position {
        Position(self.at.load(Ordering::Acquire))
    }

    /// Everything up to `to` was taken: what comes next is what comes after it.
    pub(crate) fn advance(&self, to: Position) {
        self.at.store(to.0, Ordering::Release);
        self.feed.moved.notify_waiters();
    }

    /// The events that come next, at most `max`; waits for one. Gives the same again until [`Cursor::advance`].
    pub(crate) async fn next(&self, max: usize) -> Result<Batch, Halt> {
        let mut read = self.feed.read.subscribe();
        loop {
            read.borrow_and_update();
            if let Some(batch) = self.available(max).await? {
                return Ok(batch);
            }
            tokio::select! {
                () = self.feed.stop.cancelled() => return Err(Halt::Stopping),
                // The sender lives in the feed, which this holds.
                _ = read.changed() => {}
            }
        }
    }

    /// The events that come next, at most `max`, without waiting for new ones.
    async fn available(&self, max: usize) -> Result<Option<Batch>, Halt> {
        if self.feed.stop.is_cancelled() {
            return Err(Halt::Stopping);
        }
        let after = self.position();
        let slice = self.feed.ring.lock().slice(after, max);
        match slice {
            Slice::Batch(batch) => Ok(Some(batch)),
            Slice::UpToDate => Ok(None),
            Slice::Failed(failure) => Err(Halt::Unreadable(failure)),
            Slice::Behind => {
                let page = self.feed.page(after, max.min(PAGE)).await?;
                match (Batch::new(page.events), page.failure) {
                    (Some(batch), _) => Ok(Some(batch)),
                    (None, Some(failure)) => Err(Halt::Unreadable(failure)),
                    (None, None) => Ok(None),
                }
            }
        }
    }
}
