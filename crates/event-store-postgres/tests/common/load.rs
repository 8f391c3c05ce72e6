//! Clients that append for as long as they are let, through whatever happens, and know what must be in the log afterwards.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each test uses a part of it; helpers of tests fail loudly")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use event_store::{Append, AppendError, Appended, Direction, EventStore, Expected, Position, Recorded};
use event_store_postgres::PostgresLog;
use test_support::eventually;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{append, case, ids, is_whole};

/// How long the log may be away.
const AWAY: Duration = Duration::from_secs(60);

/// An append that was acknowledged: client, its events, and the answer.
type Acknowledged = (u128, Vec<u128>, Appended);

/// Running clients.
pub(crate) struct Load {
    running: watch::Sender<bool>,
    clients: Vec<JoinHandle<Vec<Acknowledged>>>,
    acknowledged: Arc<AtomicU64>,
}

/// One to three events whose ids tell client, first version, attempt and place.
fn appended_by(client: u128, first: u64, attempt: u128) -> Append {
    let count = 1 + (client + u128::from(first)) % 3;
    let expected = first.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
    let ids: Vec<u128> = (0..count).map(|place| (client << 80) | (u128::from(first) << 24) | (attempt << 4) | place).collect();
    append(client, expected, &ids)
}

/// Appends to its own stream. What was answered as not made is asked for again under other ids, through the next log: the old ids must not
/// be there. What may have been made is asked for again under the same ids.
async fn client(logs: Vec<Arc<PostgresLog>>, number: u128, running: watch::Receiver<bool>, count: Arc<AtomicU64>) -> Vec<Acknowledged> {
    let (mut first, mut attempt, mut acknowledged) = (0, 0, Vec::new());
    let mut logs = logs.iter().cycle().skip(usize::try_from(number).unwrap());
    let mut next = || logs.next().cloned().unwrap();
    while *running.borrow() {
        let since = Instant::now();
        let (ids, made) = loop {
            assert!(since.elapsed() < AWAY, "the log does not come back");
            let append = appended_by(number, first, attempt);
            let ids: Vec<u128> = append.events.iter().map(|event| event.id.as_u128()).collect();
            match next().append(append).outcome().await {
                Ok(made) => break (ids, made),
                Err(AppendError::OutcomeUnknown(_)) => tokio::task::yield_now().await,
                Err(AppendError::Unavailable(_)) => attempt += 1,
                Err(error) => panic!("nobody else writes to this stream: {error}"),
            }
        };
        // One that must be refused, whatever happens.
        let wrong = Append { expected: Expected::Exact(made.version + 9), ..append(number, Expected::NoStream, &[u128::MAX - number]) };
        assert!(next().append(wrong).outcome().await.is_err());
        first = made.version + 1;
        acknowledged.push((number, ids, made));
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

impl Load {
    /// Starts so many clients, each going round these logs.
    pub(crate) fn start(logs: &[Arc<PostgresLog>], clients: u128) -> Self {
        let running = watch::Sender::new(true);
        let acknowledged = Arc::new(AtomicU64::new(0));
        let start = |number| tokio::spawn(client(logs.to_vec(), number, running.subscribe(), Arc::clone(&acknowledged)));
        let clients = (0..clients).map(start).collect();
        Self { running, clients, acknowledged }
    }

    /// Waits until so many more appends have been acknowledged.
    pub(crate) async fn goes_on(&self, appends: u64) {
        let goal = self.acknowledged.load(Ordering::Relaxed) + appends;
        eventually("appends to be made", AWAY, async || (self.acknowledged.load(Ordering::Relaxed) >= goal).then_some(())).await;
    }

    /// Lets each client come to an end, and looks whether the log has what was acknowledged, each once, and nothing else.
    pub(crate) async fn ends_well(self, log: &PostgresLog, seen: Follower) {
        self.running.send_replace(false);
        let mut acknowledged = Vec::new();
        for client in self.clients {
            acknowledged.extend(client.await.unwrap());
        }
        let events = super::whole_log(log).await;
        let by_position: HashMap<Position, &Recorded> = events.iter().map(|event| (event.position, event)).collect();
        let mut wanted: HashMap<u128, Vec<u128>> = HashMap::new();
        for (client, ids, made) in &acknowledged {
            let last = by_position.get(&made.position).unwrap();
            assert_eq!((last.stream.key.as_u128(), last.version, last.id.as_u128()), (*client, made.version, *ids.last().unwrap()));
            wanted.entry(*client).or_default().extend(ids);
        }
        assert_eq!(events.len(), wanted.values().map(Vec::len).sum::<usize>(), "what was acknowledged, and nothing else");
        for (client, wanted) in wanted {
            let stored = log.read_stream(&case(client), 0, Direction::Forwards, usize::MAX).await.unwrap();
            assert_eq!(ids(&stored), wanted, "client {client}");
        }
        is_whole(log).await;
        seen.has_seen(&events).await;
    }
}

/// Somebody who reads the log as it grows, page by page, through whatever happens.
pub(crate) struct Follower {
    seen: Arc<parking_lot::Mutex<Vec<Recorded>>>,
    task: JoinHandle<()>,
}

impl Follower {
    pub(crate) fn of(log: Arc<PostgresLog>) -> Self {
        let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
        let task = tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                let mut head = log.head();
                loop {
                    let after = seen.lock().last().map_or(Position::START, |event: &Recorded| event.position);
                    let known = *head.borrow_and_update();
                    match log.read_all(after, 50).await {
                        Ok(page) if page.is_empty() => {
                            assert!(known <= after, "the head is at {known}, but there is nothing after {after}");
                            head.changed().await.unwrap();
                        }
                        Ok(page) => seen.lock().extend(page),
                        // It is away: soon it is not.
                        Err(_) => tokio::task::yield_now().await,
                    }
                }
            }
        });
        Self { seen, task }
    }

    /// It comes to see exactly these.
    pub(crate) async fn has_seen(self, events: &[Recorded]) {
        eventually("the follower to see all", AWAY, async || (self.seen.lock().len() >= events.len()).then_some(())).await;
        assert!(*self.seen.lock() == *events, "each event once, in order");
        assert!(!self.task.is_finished());
        self.task.abort();
    }
}
