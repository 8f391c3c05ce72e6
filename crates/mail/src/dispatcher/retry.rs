//! When a mail is tried again.

use std::time::Duration;

use domain::MailId;
use jiff::{SignedDuration, Timestamp};

/// Exponential back-off with a jitter that derives from the mail, so that mails that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The pause after the first failure; doubles with each.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long after it came to be owed a mail is given up.
    pub give_up_after: Duration,
    /// But not before so many attempts: after a long standstill of this service, mails get more than one.
    pub at_least: u32,
}

impl Default for Retry {
    /// 30 seconds to one hour, for three days.
    fn default() -> Self {
        Self { first: Duration::from_secs(30), longest: Duration::from_hours(1), give_up_after: Duration::from_hours(72), at_least: 3 }
    }
}

impl Retry {
    /// When to try again a mail that has failed so many times, the last time now: between 0.8 and 1.2 times the pause from now.
    #[must_use]
    pub fn next_at(&self, mail: MailId, failures: u32, now: Timestamp) -> Timestamp {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1).min(31)).unwrap_or(u32::MAX));
        let pause = doubled.min(self.longest);
        let (high, low) = mail.0.as_u64_pair();
        let spread = u32::try_from((high ^ low ^ u64::from(failures).wrapping_mul(0x9e37_79b9_7f4a_7c15)) % 401).unwrap_or_default();
        let pause = pause.saturating_mul(800 + spread) / 1000;
        now.saturating_add(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
    }

    /// Whether a mail that is owed since then, after so many attempts, is to be given up rather than tried again.
    #[must_use]
    pub fn is_over(&self, owed_at: Timestamp, attempts: u32, now: Timestamp) -> bool {
        attempts >= self.at_least
            && now.duration_since(owed_at) >= SignedDuration::try_from(self.give_up_after).unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_from_mail_to_mail() {
        let retry = Retry::default();
        let now = Timestamp::UNIX_EPOCH;
        let pauses = |mail: u128| -> Vec<i64> {
            (1..=12).map(|failures| retry.next_at(MailId(Uuid::from_u128(mail)), failures, now).as_second()).collect()
        };
        for (index, pause) in pauses(7).into_iter().enumerate() {
            let nominal = (30_i64 << index).min(3_600);
            assert!((nominal * 8 / 10..=nominal * 12 / 10).contains(&pause), "{pause} s after failure {}", index + 1);
        }
        assert_ne!(pauses(7), pauses(8));
        assert_eq!(pauses(7), pauses(7));
        assert!(retry.next_at(MailId(Uuid::from_u128(7)), u32::MAX, now).as_second() <= 4_320);
    }

    #[test]
    fn a_mail_is_given_up_after_three_days() {
        let retry = Retry::default();
        let owed_at = Timestamp::UNIX_EPOCH;
        let three_days = Timestamp::from_second(72 * 3_600).unwrap();
        assert!(!retry.is_over(owed_at, 20, Timestamp::from_second(72 * 3_600 - 1).unwrap()));
        assert!(retry.is_over(owed_at, 20, three_days));
        assert!(!retry.is_over(owed_at, 2, three_days), "after a standstill a mail gets three attempts");
        assert!(retry.is_over(owed_at, 3, three_days));
    }
}
