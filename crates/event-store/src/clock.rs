//! Where a store gets the time from.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time, UTC. A parameter of every store, so that tests and replays decide what time it is.
///
/// It may step back; what a store records never does.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The time to record: what the clock says, cut to microseconds, but never before what was recorded last.
#[must_use]
pub fn recorded_time(clock: &Clock, last: Timestamp) -> Timestamp {
    let now = clock();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now).max(last)
}
