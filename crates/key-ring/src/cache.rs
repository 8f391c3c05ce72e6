//! Opened blocks, within a limit of memory.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::block::{Block, Slot};
use crate::person::Place;

struct Entry {
    block: Block,
    used: AtomicBool,
}

#[derive(Default)]
struct Blocks {
    entries: HashMap<u64, Entry>,
    /// The order in which entries are looked at for eviction.
    order: VecDeque<u64>,
    bytes: usize,
}

/// Opened blocks. Readers do not wait for each other; a block that was used since it was last looked at is spared once
/// when room is needed (second chance). Blocks leave wiped.
pub(crate) struct Cache {
    blocks: RwLock<Blocks>,
    limit_bytes: usize,
}

impl Cache {
    /// An empty cache of at most this size; one block is kept always.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { blocks: RwLock::default(), limit_bytes }
    }

    /// What lies at this place; none if the block is not here.
    pub(crate) fn slot(&self, place: Place) -> Option<Slot> {
        let blocks = self.blocks.read();
        let entry = blocks.entries.get(&place.block)?;
        // Written only when it changes, so that readers do not take the cache line from each other.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(entry.block.slot(place.slot))
    }

    /// Puts a block in, in the place of an older state of the same block.
    pub(crate) fn put(&self, block: Block) {
        let (number, bytes) = (block.number(), block.bytes());
        let mut blocks = self.blocks.write();
        match blocks.entries.insert(number, Entry { block, used: AtomicBool::new(true) }) {
            Some(before) => blocks.bytes -= before.block.bytes(),
            None => blocks.order.push_back(number),
        }
        blocks.bytes += bytes;
        blocks.evict(self.limit_bytes, number);
    }

    /// Bytes in use.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.blocks.read().bytes
    }
}

impl Blocks {
    fn evict(&mut self, limit_bytes: usize, keep: u64) {
        while self.bytes > limit_bytes && self.entries.len() > 1 {
            let Some(number) = self.order.pop_front() else { return };
            let spared = self.entries.get(&number).is_some_and(|entry| entry.used.swap(false, Ordering::Relaxed));
            if spared || number == keep {
                self.order.push_back(number);
            } else if let Some(entry) = self.entries.remove(&number) {
                self.bytes -= entry.block.bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_stays_within_its_limit_and_keeps_the_newest() {
        let one = Block::generate(1, 256).unwrap().bytes();
        let cache = Cache::new(3 * one);
        for number in 1..=10 {
            cache.put(Block::generate(number, 256).unwrap());
            assert!(cache.bytes() <= 3 * one);
            assert!(cache.slot(Place { block: number, slot: 0 }).is_some());
        }
        assert!(cache.slot(Place { block: 1, slot: 0 }).is_none());
    }

    #[test]
    fn putting_a_block_again_replaces_it() {
        let cache = Cache::new(1 << 20);
        cache.put(Block::generate(1, 256).unwrap());
        let before = cache.bytes();
        let mut block = Block::generate(1, 256).unwrap();
        block.destroy(3);
        cache.put(block);
        assert_eq!(cache.bytes(), before);
        assert!(matches!(cache.slot(Place { block: 1, slot: 3 }), Some(Slot::Destroyed)));
    }
}
