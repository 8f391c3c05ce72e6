//! Appends on their way to the server: a lane for each stream, in the order of calls, up to a bound.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use event_store::{Append, AppendError, GateState, Settle, StreamId, judge};
use parking_lot::Mutex;
use tokio::sync::watch;

/// An append that waits for its turn.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) append: Append,
    pub(crate) settle: Settle,
    pub(crate) since: Instant,
    /// Counts appends in the order of calls.
    pub(crate) number: u64,
    bytes: usize,
}

/// How much waits at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) appends: usize,
    pub(crate) bytes: usize,
}

pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    bounds: Bounds,
    /// Changes whenever an append has been attempted or answered.
    attempted: watch::Sender<u64>,
}

#[derive(Default)]
struct Waiting {
    lanes: HashMap<StreamId, VecDeque<Queued>>,
    /// Numbers of the appends whose gate is not settled.
    pending: BTreeSet<u64>,
    last: u64,
    /// How many appends have no answer yet.
    unanswered: usize,
    bytes: usize,
    closed: Option<Arc<str>>,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { waiting: Mutex::default(), bounds, attempted: watch::Sender::new(0) }
    }

    /// Puts an append at the end of its stream's lane, or refuses it at once. If the lane was empty, it is to be run now.
    pub(crate) fn push(&self, append: Append, settle: Settle) -> Option<StreamId> {
        let bytes = append.events.iter().map(|event| event.metadata.len() + event.data.len()).sum();
        let mut waiting = self.waiting.lock();
        let refusal = match &waiting.closed {
            Some(reason) => Some(Arc::clone(reason)),
            None if waiting.pending.len() >= self.bounds.appends => Some("too many appends are waiting to be written".into()),
            None if waiting.bytes.saturating_add(bytes) > self.bounds.bytes => Some("too many bytes are waiting to be written".into()),
            None => None,
        };
        if let Some(reason) = refusal {
            drop(waiting);
            settle.settle(Err(AppendError::Unavailable(reason)));
            return None;
        }
        waiting.last += 1;
        let number = waiting.last;
        waiting.pending.insert(number);
        waiting.unanswered += 1;
        waiting.bytes += bytes;
        let stream = append.stream.clone();
        let queued = Queued { append, settle, since: Instant::now(), number, bytes };
        match waiting.lanes.get_mut(&stream) {
            Some(lane) => {
                lane.push_back(queued);
                None
            }
            None => {
                waiting.lanes.insert(stream.clone(), VecDeque::from([queued]));
                Some(stream)
            }
        }
    }

    /// The next append of a lane. The lane is gone when it is empty.
    pub(crate) fn next(&self, stream: &StreamId) -> Option<Queued> {
        let mut waiting = self.waiting.lock();
        let next = waiting.lanes.get_mut(stream).and_then(VecDeque::pop_front);
        match &next {
            Some(queued) => waiting.bytes = waiting.bytes.saturating_sub(queued.bytes),
            None => drop(waiting.lanes.remove(stream)),
        }
        next
    }

    /// The gate of this append is settled: those that wait for it may look.
    pub(crate) fn attempted(&self, number: u64) {
        self.waiting.lock().pending.remove(&number);
        self.attempted.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// An append was given its answer.
    pub(crate) fn answered(&self) {
        let mut waiting = self.waiting.lock();
        waiting.unanswered = waiting.unanswered.saturating_sub(1);
        drop(waiting);
        self.attempted.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until what the append depends on was attempted, or cannot be: it was queued later, or in another store.
    pub(crate) async fn prerequisite(&self, append: &Append, number: u64) -> Result<(), AppendError> {
        let mut attempted = self.attempted.subscribe();
        loop {
            let gate = append.after.as_ref().map(event_store::Gate::state);
            let earlier = self.waiting.lock().pending.first().is_some_and(|first| *first < number);
            if gate != Some(GateState::Pending) || !earlier {
                return judge::prerequisite(append);
            }
            if attempted.changed().await.is_err() {
                return judge::prerequisite(append);
            }
        }
    }

    /// Drops a lane, which its tickets tell as an unknown outcome, and the append of this number that was taken from it.
    pub(crate) fn abandon(&self, stream: &StreamId, number: u64) {
        let mut waiting = self.waiting.lock();
        waiting.pending.remove(&number);
        waiting.unanswered = waiting.unanswered.saturating_sub(1);
        for queued in waiting.lanes.remove(stream).into_iter().flatten() {
            waiting.pending.remove(&queued.number);
            waiting.bytes = waiting.bytes.saturating_sub(queued.bytes);
            waiting.unanswered = waiting.unanswered.saturating_sub(1);
        }
        drop(waiting);
        self.attempted.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Takes no more appends: they are refused with this reason, if it is the first. What is queued stays.
    pub(crate) fn close(&self, reason: &str) {
        self.waiting.lock().closed.get_or_insert_with(|| reason.into());
    }

    /// Waits until all that was queued has its answer.
    pub(crate) async fn drained(&self) {
        let mut attempted = self.attempted.subscribe();
        while self.waiting.lock().unanswered > 0 {
            if attempted.changed().await.is_err() {
                return;
            }
        }
    }
}
