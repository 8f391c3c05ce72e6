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
    /// How often a block was forgotten because it changed.
    changes: u64,
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

    /// Puts a block in that nobody else knows yet.
    pub(crate) fn put_new(&self, block: Block) {
        self.blocks.write().put(block, self.limit_bytes);
    }

    /// What to give to [`Self::put_read`]; to be taken before the block is read.
    pub(crate) fn changes(&self) -> u64 {
        self.blocks.read().changes
    }

    /// Puts a block in that was read; not if any block was forgotten since, as it may have been read before that block changed.
    pub(crate) fn put_read(&self, block: Block, changes: u64) -> bool {
        let mut blocks = self.blocks.write();
        let is_current = blocks.changes == changes;
        if is_current {
            blocks.put(block, self.limit_bytes);
        }
        is_current
    }

    /// Drops a block, wiped, because it has changed where it is kept. Whatever state of it was read before does not get in any more.
    pub(crate) fn forget(&self, number: u64) {
        let mut blocks = self.blocks.write();
        blocks.changes += 1;
        if let Some(entry) = blocks.entries.remove(&number) {
            blocks.bytes -= entry.block.bytes();
            blocks.order.retain(|other| *other != number);
        }
    }

    /// Bytes in use.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.blocks.read().bytes
    }
}

impl Blocks {
    fn put(&mut self, block: Block, limit_bytes: usize) {
        let (number, bytes) = (block.number(), block.bytes());
        match self.entries.insert(number, Entry { block, used: AtomicBool::new(true) }) {
            Some(before) => self.bytes -= before.block.bytes(),
            None => self.order.push_back(number),
        }
        self.bytes += bytes;
        self.evict(limit_bytes, number);
    }

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
            cache.put_new(Block::generate(number, 256).unwrap());
            assert!(cache.bytes() <= 3 * one);
            assert!(cache.slot(Place { block: number, slot: 0 }).is_some());
        }
        assert!(cache.slot(Place { block: 1, slot: 0 }).is_none());
    }

    #[test]
    fn a_state_that_was_read_before_the_block_changed_does_not_get_in() {
        let cache = Cache::new(1 << 20);
        let (place, fresh) = (Place { block: 1, slot: 3 }, || Block::generate(1, 256).unwrap());
        let before = cache.changes();
        assert!(cache.put_read(fresh(), before));
        cache.forget(1);
        assert!(cache.slot(place).is_none());
        assert_eq!(cache.bytes(), 0);
        assert!(!cache.put_read(fresh(), before));
        assert!(cache.slot(place).is_none());
        let mut block = fresh();
        block.destroy(3);
        assert!(cache.put_read(block, cache.changes()));
        assert!(matches!(cache.slot(place), Some(Slot::Destroyed)));
    }
}
