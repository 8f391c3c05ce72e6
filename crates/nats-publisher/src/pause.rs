//! Time, as a port: a test lets an hour of back-off pass in a moment.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// The clock, and waiting.
#[async_trait]
pub trait Pause: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits so long.
    async fn pause(&self, duration: Duration);
}

/// How long is waited between attempts that fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// At most so long after the first failure; twice as long with each.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Backoff {
    /// 200 milliseconds to 30 seconds.
    fn default() -> Self {
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// How long to wait after so many failures in a row: between half of the pause and all of it, by `chance` (any number), so that
    /// publishers that failed together do not come back together.
    pub(crate) fn after(&self, failures: u32, chance: u32) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(31)).unwrap_or(u32::MAX));
        doubled.min(self.longest).saturating_mul(512 + chance % 512) / 1024
    }
}

/// A random number; the same one for ever where the system has none to give, which costs no more than the jitter.
pub(crate) fn chance() -> u32 {
    getrandom::u32().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_chance() {
        let backoff = Backoff::default();
        for failures in 1..40 {
            let nominal = Duration::from_millis(200 << (failures - 1).min(20)).min(Duration::from_secs(30));
            for chance in [0, 1, 77, 511, u32::MAX] {
                let pause = backoff.after(failures, chance);
                assert!(pause >= nominal / 2 && pause <= nominal, "{pause:?} after failure {failures}");
            }
        }
        assert_ne!(backoff.after(3, 1), backoff.after(3, 2));
    }
}
