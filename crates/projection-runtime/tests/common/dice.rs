//! Random numbers that a failed run can be repeated with.

use std::hash::{BuildHasher, RandomState};

/// Dice that fall the same way for the same seed.
pub struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    /// From `GATEHOUSE_TEST_SEED`, if it is set.
    pub fn new() -> Self {
        let given = std::env::var("GATEHOUSE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        Self { seed: given.unwrap_or_else(|| RandomState::new().hash_one(0)), thrown: 0 }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Others, that fall another way.
    pub fn fork(&mut self) -> Self {
        Self { seed: self.next(), thrown: 0 }
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.thrown += 1;
        let mut x = self.seed.wrapping_add(self.thrown.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}
