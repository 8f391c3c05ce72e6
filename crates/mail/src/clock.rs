//! The time, from outside.

use async_trait::async_trait;
use jiff::Timestamp;
use projection_runtime::Clock as Now;

/// What time it is, and waiting for another. The composition root has the real one, tests have one that they move.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> Timestamp;

    /// Returns once [`Clock::now`] is at or after `until`.
    async fn sleep_until(&self, until: Timestamp);
}

/// The clock of the composition root: what time it is comes from it, waiting is the runtime's.
#[async_trait]
impl Clock for Now {
    fn now(&self) -> Timestamp {
        self()
    }

    async fn sleep_until(&self, until: Timestamp) {
        loop {
            let left = until.duration_since(self());
            let Ok(left) = std::time::Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            // In pieces, so that a clock that is set forward is noticed.
            tokio::time::sleep(left.min(std::time::Duration::from_mins(1))).await;
        }
    }
}
