//! The recorded time, which does not decrease with positions although many appends are with the server at once.
//!
//! The server decides their order, after the time is in them. So appends that may overtake each other bear the same time: a new
//! time is taken only when no append of an older one is under way. Once a time is some milliseconds old, further appends wait for
//! those under way – but not for ever: one that the server keeps does not hold up the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::{Clock, recorded_time};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// How long one time is given out.
const WINDOW: Duration = Duration::from_millis(10);
/// How long the appends of one time are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) struct Times {
    clock: Clock,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    /// The newest time given out or seen.
    newest: Timestamp,
    window: u64,
    /// The time of this window.
    time: Timestamp,
    opened: Instant,
    under_way: usize,
}

/// The time of one attempt, until the server has answered it.
pub(crate) struct Stamp {
    times: Arc<Times>,
    window: u64,
    pub(crate) time: Timestamp,
}

impl Times {
    /// Starts from the time of the newest event of the log.
    pub(crate) fn new(clock: Clock, newest: Timestamp) -> Arc<Self> {
        let state = State { newest, window: 0, time: newest, opened: Instant::now(), under_way: 0 };
        Arc::new(Self { clock, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Another process may have a clock that is ahead of ours: what comes after its events is not recorded before them.
    pub(crate) fn saw(&self, time: Timestamp) {
        let mut state = self.state.lock();
        state.newest = state.newest.max(time);
    }

    /// The time for an attempt that is made now.
    pub(crate) async fn stamp(self: &Arc<Self>) -> Stamp {
        loop {
            let changed = self.changed.notified();
            let wait = match self.try_stamp() {
                Ok(stamp) => return stamp,
                Err(wait) => wait,
            };
            // When the time is up is as good as changed.
            drop(tokio::time::timeout(wait, changed).await);
        }
    }

    /// The time, or how long to wait at most.
    fn try_stamp(self: &Arc<Self>) -> Result<Stamp, Duration> {
        let mut state = self.state.lock();
        let age = state.opened.elapsed();
        if state.under_way == 0 || age >= WINDOW {
            if state.under_way > 0 && age < PATIENCE {
                return Err(PATIENCE.saturating_sub(age));
            }
            state.newest = recorded_time(&self.clock, state.newest);
            state.time = state.newest;
            state.opened = Instant::now();
            state.window += 1;
            state.under_way = 0;
        }
        state.under_way += 1;
        Ok(Stamp { times: Arc::clone(self), window: state.window, time: state.time })
    }
}

impl Drop for Stamp {
    fn drop(&mut self) {
        let mut state = self.times.state.lock();
        if state.window == self.window {
            state.under_way = state.under_way.saturating_sub(1);
            if state.under_way == 0 {
                drop(state);
                self.times.changed.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn times() -> Arc<Times> {
        let second = AtomicI64::new(100);
        let clock: Clock = Arc::new(move || Timestamp::from_second(second.fetch_add(1, Ordering::SeqCst)).unwrap());
        Times::new(clock, Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn appends_that_may_overtake_each_other_bear_one_time() {
        let times = times();
        let (first, second) = (times.stamp().await, times.stamp().await);
        assert_eq!(first.time, second.time);
        drop(first);
        drop(second);
        assert_eq!(times.stamp().await.time, Timestamp::from_second(101).unwrap());
    }

    #[tokio::test]
    async fn an_append_that_the_server_keeps_does_not_hold_up_the_others_for_ever() {
        let times = times();
        let kept = times.stamp().await;
        times.state.lock().opened = Instant::now().checked_sub(PATIENCE).unwrap();
        let next = times.stamp().await;
        assert!(kept.time < next.time);
        // The one that was kept belongs to a window that is over.
        drop(kept);
        assert_eq!(times.state.lock().under_way, 1);
    }

    #[tokio::test]
    async fn what_another_process_recorded_is_not_undercut() {
        let times = times();
        times.saw(Timestamp::from_second(5_000).unwrap());
        assert_eq!(times.stamp().await.time, Timestamp::from_second(5_000).unwrap());
    }
}
