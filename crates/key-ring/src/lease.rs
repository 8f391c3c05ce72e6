//! Which slots of which block are handed out next.

use crate::block::{Block, MAX_SLOTS};
use crate::person::Place;

/// Slots of a run's first block: a run that allots few people wastes little.
const FIRST_SLOTS: u16 = 256;

/// What is left of a leased block.
struct Run {
    block: u64,
    next: u16,
    slots: u16,
}

impl Run {
    fn take(&mut self) -> Option<Place> {
        if self.next >= self.slots {
            return None;
        }
        let place = Place { block: self.block, slot: self.next };
        self.next += 1;
        Some(place)
    }

    fn left(&self) -> u16 {
        self.slots - self.next
    }
}

/// The leases of this run of the process.
#[derive(Default)]
pub(crate) struct Leases {
    current: Option<Run>,
    ahead: Option<Run>,
    /// Whether a thread is leasing a block just now.
    pub(crate) leasing: bool,
    leased: u32,
}

impl Leases {
    /// The next free place, if a leased block has one.
    pub(crate) fn take(&mut self) -> Option<Place> {
        if let Some(place) = self.current.as_mut().and_then(Run::take) {
            return Some(place);
        }
        self.current = self.ahead.take();
        self.current.as_mut().and_then(Run::take)
    }

    /// Whether it is time to lease the next block: an eighth of the present one is used, and none is ready or on its way.
    /// Early, so that the disk has the time that seven eighths last; not at once, so that a run that allots few wastes little.
    pub(crate) fn wants_more(&self) -> bool {
        !self.leasing && self.ahead.is_none() && self.current.as_ref().is_some_and(|run| run.left() <= run.slots - run.slots / 8)
    }

    /// How many slots the next block should have: 256, 1024, then 4096.
    pub(crate) fn next_slots(&self) -> u16 {
        match self.leased {
            0 => FIRST_SLOTS,
            1 => FIRST_SLOTS * 4,
            _ => MAX_SLOTS,
        }
    }

    /// Takes in a block that is on disk.
    pub(crate) fn add(&mut self, block: &Block) {
        let run = Run { block: block.number(), next: 0, slots: block.slots() };
        self.leased = self.leased.saturating_add(1);
        match self.current {
            Some(_) => self.ahead = Some(run),
            None => self.current = Some(run),
        }
    }
}
