//! Where a person's key lies, as the person's id says it (layout: crate documentation).

use domain::PersonId;
use uuid::{Builder, Uuid, Variant};

/// The highest number of a block: it has 48 bits.
pub(crate) const MAX_BLOCK: u64 = (1 << 48) - 1;

/// Where a key lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of the block, at most [`MAX_BLOCK`].
    pub(crate) block: u64,
    /// The slot in it, below 4096.
    pub(crate) slot: u16,
}

impl Place {
    /// The id of a person whose key lies here.
    pub(crate) fn person(self, random: [u8; 8]) -> PersonId {
        let [_, _, block @ ..] = self.block.to_be_bytes();
        let [b0, b1, b2, b3, b4, b5] = block;
        let [s0, s1] = self.slot.to_be_bytes();
        let [r0, r1, r2, r3, r4, r5, r6, r7] = random;
        // Sets version and variant: the upper four bits of s0, which a slot does not need, and the upper two of r0.
        let bytes = [b0, b1, b2, b3, b4, b5, s0, s1, r0, r1, r2, r3, r4, r5, r6, r7];
        PersonId(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Where this person's key lies; none if the id was not made here.
    pub(crate) fn of(person: PersonId) -> Option<Self> {
        let id: Uuid = person.0;
        if id.get_version_num() != 8 || id.get_variant() != Variant::RFC4122 {
            return None;
        }
        let [b0, b1, b2, b3, b4, b5, s0, s1, ..] = *id.as_bytes();
        Some(Self { block: u64::from_be_bytes([0, 0, b0, b1, b2, b3, b4, b5]), slot: u16::from_be_bytes([s0 & 0x0f, s1]) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_says_where_its_key_lies(block in 0..=MAX_BLOCK, slot in 0u16..4096, random: [u8; 8]) {
            let place = Place { block, slot };
            let person = place.person(random);
            prop_assert_eq!(Place::of(person), Some(place));
            prop_assert_eq!(person.0.get_version_num(), 8);
        }
    }

    #[test]
    fn an_id_made_elsewhere_has_no_place() {
        assert_eq!(Place::of(PersonId(Uuid::nil())), None);
        assert_eq!(Place::of(PersonId(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001))), None);
    }

    #[test]
    fn the_layout_does_not_change() {
        let person = Place { block: 0x0102_0304_0506, slot: 0xabc }.person([0xff; 8]);
        assert_eq!(person.to_string(), "01020304-0506-8abc-bfff-ffffffffffff");
    }
}
