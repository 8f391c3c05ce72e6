//! How far a long piece of work has come.

use std::time::{Duration, Instant};

/// How far a rebuild has come. Counts positions, which SQL logs number without gaps: events there, an approximation elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which read model.
    pub name: &'static str,
    /// Events applied.
    pub done: u64,
    /// Events in the log.
    pub total: u64,
    /// Events per second since it began.
    pub rate: u64,
    /// Time left at this rate; none while the rate is unknown.
    pub eta: Option<Duration>,
}

/// Measures a rebuild.
pub(crate) struct Meter {
    name: &'static str,
    began: Instant,
}

impl Meter {
    pub(crate) fn begin(name: &'static str) -> Self {
        Self { name, began: Instant::now() }
    }

    pub(crate) fn progress(&self, done: u64, total: u64) -> Progress {
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rate = done.saturating_mul(1_000).checked_div(milliseconds).unwrap_or(0);
        let eta = total.saturating_sub(done).saturating_mul(1_000).checked_div(rate).map(Duration::from_millis);
        Progress { name: self.name, done, total, rate, eta }
    }
}
