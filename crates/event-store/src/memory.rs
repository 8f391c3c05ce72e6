//! A log in memory, for tests: the rules of a real one, nothing durable.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::recorded_time;
use crate::judge::{self, Judgement};
use crate::{Append, AppendError, Appended, Clock, Direction, Epoch, EventStore, Position, ReadError, Recorded, Settle, StreamId, Ticket};

/// An [`EventStore`] in memory. It answers as a store on disk does, and passes the same conformance suite.
///
/// [`MemoryStore::hold`] makes it as slow as a disk: appends stay queued until [`MemoryStore::release`] or
/// [`MemoryStore::fail_held`], so that a test can look at what happens before an event is durable, or when it never is.
pub struct MemoryStore {
    state: Mutex<State>,
    head: watch::Sender<Position>,
    clock: Clock,
    epoch: Epoch,
    is_shared: bool,
}

#[derive(Default)]
struct State {
    events: Vec<Recorded>,
    streams: HashMap<StreamId, Vec<usize>>,
    held: VecDeque<(Append, Settle)>,
    holding: bool,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("head", &*self.head.borrow()).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty log of the nil epoch.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self::with_epoch(clock, Epoch(Uuid::nil()))
    }

    /// An empty log of this epoch.
    #[must_use]
    pub fn with_epoch(clock: Clock, epoch: Epoch) -> Self {
        Self { state: Mutex::default(), head: watch::Sender::new(Position::START), clock, epoch, is_shared: false }
    }

    /// An empty log that says that others append to it, too.
    #[must_use]
    pub fn shared(clock: Clock) -> Self {
        Self { is_shared: true, ..Self::new(clock) }
    }

    /// The same events under another clock, as after a restart. What is held is left behind.
    #[must_use]
    pub fn reopened(&self, clock: Clock) -> Self {
        let state = self.state.lock();
        let copy = State { events: state.events.clone(), streams: state.streams.clone(), ..State::default() };
        let head = watch::Sender::new(*self.head.borrow());
        Self { state: Mutex::new(copy), head, clock, epoch: self.epoch, is_shared: self.is_shared }
    }

    /// From now on appends are queued, and neither attempted nor answered.
    pub fn hold(&self) {
        self.state.lock().holding = true;
    }

    /// Attempts and answers what is held, in order, and holds no longer.
    pub fn release(&self) {
        let mut state = self.state.lock();
        state.holding = false;
        while let Some((append, settle)) = state.held.pop_front() {
            self.attempt(&mut state, &append, settle);
        }
    }

    /// Refuses what is held as [`AppendError::Unavailable`], as when a commit fails, and holds no longer.
    pub fn fail_held(&self, reason: &str) {
        let mut state = self.state.lock();
        state.holding = false;
        for (_, settle) in state.held.drain(..) {
            settle.settle(Err(AppendError::Unavailable(reason.into())));
        }
    }

    /// How many appends are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.state.lock().held.len()
    }

    fn attempt(&self, state: &mut State, append: &Append, settle: Settle) {
        let outcome = self.write(state, append);
        if outcome.is_ok() {
            let head = state.events.last().map_or(Position::START, |event| event.position);
            self.head.send_if_modified(|known| std::mem::replace(known, head) != head);
        }
        settle.settle(outcome);
    }

    fn write(&self, state: &mut State, append: &Append) -> Result<Appended, AppendError> {
        judge::prerequisite(append)?;
        let newest = state.newest(&append.stream);
        match judge::judge(append, newest)? {
            Judgement::Write { first } => {
                let last = state.events.last().map_or(Timestamp::MIN, |event| event.recorded_at);
                Ok(state.record(append, first, recorded_time(&self.clock, last)))
            }
            Judgement::Compare { first, last } => {
                let stored: Vec<&Recorded> =
                    state.of_stream(&append.stream).filter(|event| (first..=last).contains(&event.version)).collect();
                let ids: Vec<Uuid> = stored.iter().map(|event| event.id).collect();
                judge::repeat(append, newest, &ids)?;
                let position = stored.last().map_or(Position::START, |event| event.position);
                Ok(Appended { position, version: last, repeated: true })
            }
        }
    }
}

impl State {
    fn of_stream(&self, stream: &StreamId) -> impl DoubleEndedIterator<Item = &Recorded> {
        self.streams.get(stream).into_iter().flatten().filter_map(|place| self.events.get(*place))
    }

    fn newest(&self, stream: &StreamId) -> Option<u64> {
        self.of_stream(stream).next_back().map(|event| event.version)
    }

    fn record(&mut self, append: &Append, first: u64, recorded_at: Timestamp) -> Appended {
        let mut made = Appended { position: Position::START, version: first, repeated: false };
        let places = self.streams.entry(append.stream.clone()).or_default();
        for (version, event) in (first..).zip(&append.events) {
            let previous = self.events.last().map_or(Position::START, |event| event.position);
            made = Appended { position: Position(previous.0 + 1), version, repeated: false };
            places.push(self.events.len());
            self.events.push(Recorded {
                position: made.position,
                stream: append.stream.clone(),
                version,
                id: event.id,
                event_type: event.event_type.clone(),
                recorded_at,
                metadata: event.metadata.clone(),
                data: event.data.clone(),
            });
        }
        made
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    fn is_shared(&self) -> bool {
        self.is_shared
    }

    fn append(&self, append: Append) -> Ticket {
        let (settle, ticket) = Ticket::new();
        if let Err(error) = judge::validate(&append) {
            settle.settle(Err(error));
            return ticket;
        }
        let mut state = self.state.lock();
        if state.holding {
            state.held.push_back((append, settle));
        } else {
            self.attempt(&mut state, &append, settle);
        }
        ticket
    }

    async fn read_stream(&self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let state = self.state.lock();
        let events = state.of_stream(stream);
        Ok(match direction {
            Direction::Forwards => events.filter(|event| event.version >= from).take(limit).cloned().collect(),
            Direction::Backwards => events.rev().filter(|event| event.version <= from).take(limit).cloned().collect(),
        })
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let state = self.state.lock();
        let start = state.events.partition_point(|event| event.position <= after);
        Ok(state.events.iter().skip(start).take(limit).cloned().collect())
    }

    async fn read_all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let state = self.state.lock();
        let end = state.events.partition_point(|event| event.position < before);
        Ok(state.events.iter().take(end).rev().take(limit).cloned().collect())
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}
