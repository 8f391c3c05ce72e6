//! A block of keys, in memory and sealed.

use zeroize::Zeroizing;

use crate::aead::{self, SealError};
use crate::error::KeyRingError;

/// The most slots that a block may have: a slot's number has 12 bits.
pub(crate) const MAX_SLOTS: u16 = 4096;
/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// One key, wiped when it is dropped.
pub(crate) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// What a slot of a block holds.
pub(crate) enum Slot {
    /// A key.
    Key(Key),
    /// Nothing any more.
    Destroyed,
    /// The block has no such slot.
    None,
}

/// A block of keys, opened: a bit for each slot that says whether its key was destroyed, then the keys. Wiped when dropped.
pub(crate) struct Block {
    number: u64,
    slots: u16,
    plain: Zeroizing<Vec<u8>>,
}

impl Block {
    /// A block of fresh random keys.
    pub(crate) fn generate(number: u64, slots: u16) -> Result<Self, getrandom::Error> {
        let mut plain = Zeroizing::new(vec![0; plain_bytes(slots)]);
        getrandom::fill(plain.get_mut(bitmap_bytes(slots)..).unwrap_or_default())?;
        Ok(Self { number, slots, plain })
    }

    /// Opens the block that was sealed under this number and size.
    pub(crate) fn open(number: u64, slots: u16, sealed: &[u8], master: &[u8; 32]) -> Result<Self, KeyRingError> {
        let plain = aead::open(master, &aad(number, slots), sealed).map(Zeroizing::new).ok_or(KeyRingError::BlockDamaged(number))?;
        if plain.len() != plain_bytes(slots) {
            return Err(KeyRingError::BlockDamaged(number));
        }
        Ok(Self { number, slots, plain })
    }

    /// Seals the block under a fresh nonce.
    pub(crate) fn seal(&self, master: &[u8; 32]) -> Result<Vec<u8>, KeyRingError> {
        aead::seal(master, &aad(self.number, self.slots), &self.plain).map_err(|error| match error {
            SealError::Randomness(source) => KeyRingError::Randomness(source),
            SealError::TooLong => KeyRingError::BlockDamaged(self.number),
        })
    }

    /// What this slot holds.
    pub(crate) fn slot(&self, slot: u16) -> Slot {
        if slot >= self.slots {
            return Slot::None;
        }
        let (byte, bit) = bit_of(slot);
        if self.plain.get(byte).is_none_or(|bits| bits & bit != 0) {
            return Slot::Destroyed;
        }
        match self.plain.get(key_at(self.slots, slot)..).and_then(|rest| rest.first_chunk()) {
            Some(key) => Slot::Key(Zeroizing::new(*key)),
            None => Slot::None,
        }
    }

    /// Wipes the key of this slot and marks it destroyed.
    pub(crate) fn destroy(&mut self, slot: u16) {
        if slot >= self.slots {
            return;
        }
        let (byte, bit) = bit_of(slot);
        if let Some(bits) = self.plain.get_mut(byte) {
            *bits |= bit;
        }
        let start = key_at(self.slots, slot);
        if let Some(key) = self.plain.get_mut(start..start + KEY_BYTES) {
            key.fill(0);
        }
    }

    /// The number of the block.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many slots it has.
    pub(crate) fn slots(&self) -> u16 {
        self.slots
    }

    /// Bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.plain.len() + size_of::<Self>()
    }
}

fn bitmap_bytes(slots: u16) -> usize {
    usize::from(slots).div_ceil(8)
}

fn plain_bytes(slots: u16) -> usize {
    bitmap_bytes(slots) + usize::from(slots) * KEY_BYTES
}

fn key_at(slots: u16, slot: u16) -> usize {
    bitmap_bytes(slots) + usize::from(slot) * KEY_BYTES
}

fn bit_of(slot: u16) -> (usize, u8) {
    (usize::from(slot / 8), 1 << (slot % 8))
}

/// Binds a sealed block to its format, number and size, so that one row cannot stand in for another.
fn aad(number: u64, slots: u16) -> Vec<u8> {
    let mut aad = b"gatehouse key block 1".to_vec();
    aad.extend_from_slice(&number.to_be_bytes());
    aad.extend_from_slice(&slots.to_be_bytes());
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destroyed_slot_takes_no_other_with_it() {
        let mut block = Block::generate(1, 256).unwrap();
        block.destroy(9);
        let block = Block::open(1, 256, &block.seal(&[7; 32]).unwrap(), &[7; 32]).unwrap();
        for slot in 0..256 {
            assert_eq!(matches!(block.slot(slot), Slot::Destroyed), slot == 9);
            assert!(!matches!(block.slot(slot), Slot::None));
        }
        assert!(matches!(block.slot(256), Slot::None));
        assert_eq!(block.plain[key_at(256, 9)..key_at(256, 10)], [0; 32]);
    }

    #[test]
    fn a_block_opens_only_under_its_own_number_size_and_key() {
        let sealed = Block::generate(1, 256).unwrap().seal(&[7; 32]).unwrap();
        assert!(Block::open(2, 256, &sealed, &[7; 32]).is_err());
        assert!(Block::open(1, 255, &sealed, &[7; 32]).is_err());
        assert!(Block::open(1, 256, &sealed, &[8; 32]).is_err());
        assert!(Block::open(1, 256, &sealed, &[7; 32]).is_ok());
    }
}
