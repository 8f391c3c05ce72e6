//! How full each bucket is (the generic cell rate algorithm): one number each, when it will be empty again.

use std::collections::HashMap;

use hashlink::LruCache;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use parking_lot::Mutex;
use sha2::Sha256;

use super::Limit;
use super::allowance::Rate;

/// How many are remembered of each limit. When there are more, the one that was touched least lately is forgotten: from so many places at once, nobody is slowed
/// down by this, but the vault still counts.
pub(super) const MOST: usize = 65_536;

/// The buckets of each limit, by a keyed hash of what they count by: no address or name is kept.
pub(super) struct Buckets {
    key: [u8; 32],
    of: HashMap<Limit, Mutex<LruCache<u128, i64>>>,
}

impl Buckets {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self { key, of: Limit::ALL.into_iter().map(|limit| (limit, Mutex::new(LruCache::new(MOST)))).collect() })
    }

    pub(super) fn key(&self, text: &[u8]) -> u128 {
        // A key of 32 bytes is taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return 0 };
        mac.update(text);
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        tag.first_chunk().map_or(0, |half| u128::from_be_bytes(*half))
    }

    /// Puts one in, or says after how many seconds there will be room.
    pub(super) fn take(&self, limit: Limit, key: u128, rate: Rate, now: Timestamp) -> Result<(), u32> {
        let Some(buckets) = self.of.get(&limit) else { return Ok(()) };
        let mut buckets = buckets.lock();
        let (now, span) = (now.as_microsecond(), rate.span_us());
        // Not further ahead than a full bucket is, whatever the clock did.
        let empty_at = buckets.get(&key).copied().unwrap_or(now).clamp(now, now.saturating_add(span));
        let then = empty_at.saturating_add(rate.step_us());
        let over = then.saturating_sub(now.saturating_add(span));
        if over > 0 {
            // Were it left, a clock that was put back would keep it full for as long as that.
            buckets.insert(key, empty_at);
            let seconds = over.saturating_add(999_999) / 1_000_000;
            return Err(u32::try_from(seconds).unwrap_or(u32::MAX));
        }
        buckets.insert(key, then);
        Ok(())
    }

    /// Takes one out again.
    pub(super) fn give_back(&self, limit: Limit, key: u128, rate: Rate) {
        let Some(buckets) = self.of.get(&limit) else { return };
        if let Some(empty_at) = buckets.lock().get_mut(&key) {
            *empty_at = empty_at.saturating_sub(rate.step_us());
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self, limit: Limit) -> usize {
        self.of[&limit].lock().len()
    }
}
