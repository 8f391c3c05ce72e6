//! Waiting for a condition: the only place in tests where time passes by itself.

use std::thread;
use std::time::{Duration, Instant};

/// How long to wait between two looks: short against anything that a test waits for, long against the look itself.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until the condition holds.
///
/// # Panics
/// When it does not hold within `limit`; `what` completes the sentence "waited … for".
#[track_caller]
pub fn wait_until(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}, in vain");
        pause();
    }
}

/// Looks until there is a value, without holding up the runtime, and gives it back.
///
/// # Panics
/// When there is none within `limit`; `what` completes the sentence "waited … for".
pub async fn eventually<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = look().await {
            return value;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} for {what}, in vain");
        tokio::time::sleep(PAUSE).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the waiting for a condition that tests are told to use instead")]
fn pause() {
    thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_comes_to_hold_ends_the_wait() {
        let mut looks = 0;
        wait_until("the third look", Duration::from_secs(5), || {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "waited 20ms for the impossible, in vain")]
    fn a_condition_that_never_holds_fails_the_test_with_its_name() {
        wait_until("the impossible", Duration::from_millis(20), || false);
    }

    #[tokio::test]
    async fn a_value_that_appears_is_given_back() {
        let mut looks = 0;
        let value = eventually("a value", Duration::from_secs(5), async || {
            looks += 1;
            (looks == 2).then_some("here")
        })
        .await;
        assert_eq!(value, "here");
    }
}
