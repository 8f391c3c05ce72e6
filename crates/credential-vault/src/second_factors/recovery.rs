//! Recovery codes: each proves its person once.

use domain::{CredentialId, PersonId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::proposal::{ALPHABET, grouped};
use crate::text::random_characters;

/// How many codes a set has.
const CODES: usize = 10;
const GROUPS: usize = 5;
const GROUP_CHARACTERS: usize = 5;
const HASH_BYTES: usize = 32;
/// The form of a set at rest: this byte, then the hash of each code that was not used yet.
const FORM: u8 = 1;

/// A set of codes, as far as they are kept: their hashes. A code has 113 random bits, so that a fast hash is enough; it is made under a key, for
/// this row only.
pub(crate) struct Codes(Vec<[u8; HASH_BYTES]>);

impl Codes {
    /// A new set, and its texts: five groups of five, such as `K7TMX-Q4W9H-CPR3F-DGN6J-YTA34`.
    pub(crate) fn draw(key: &[u8; 32], id: CredentialId, person: PersonId) -> Result<(Self, Vec<Zeroizing<String>>), VaultError> {
        let mut texts = Vec::with_capacity(CODES);
        for _ in 0..CODES {
            texts.push(grouped(&random_characters(ALPHABET, GROUPS * GROUP_CHARACTERS)?, GROUP_CHARACTERS));
        }
        let hashes = texts.iter().filter_map(|text| hash(key, id, person, text)).collect();
        Ok((Self(hashes), texts))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        std::iter::once(FORM).chain(self.0.iter().flatten().copied()).collect()
    }

    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let ([FORM], rest) = bytes.split_first_chunk::<1>()? else { return None };
        let (hashes, []) = rest.as_chunks::<HASH_BYTES>() else { return None };
        Some(Self(hashes.to_vec()))
    }

    /// How many were not used yet.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    /// What is left after this code is used; none if it is none of them. Small letters and missing hyphens do not matter.
    pub(crate) fn without(&self, key: &[u8; 32], id: CredentialId, person: PersonId, typed: &str) -> Option<Self> {
        let wanted = hash(key, id, person, typed)?;
        let left: Vec<_> = self.0.iter().filter(|hash| !bool::from(hash.ct_eq(&wanted))).copied().collect();
        (left.len() < self.0.len()).then_some(Self(left))
    }
}

/// The hash of a code as it was typed; none if it cannot be one.
fn hash(key: &[u8; 32], id: CredentialId, person: PersonId, typed: &str) -> Option<[u8; HASH_BYTES]> {
    let bare: Zeroizing<Vec<u8>> = Zeroizing::new(
        typed.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-').map(|byte| byte.to_ascii_uppercase()).collect(),
    );
    if bare.len() != GROUPS * GROUP_CHARACTERS {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [b"recovery code 1".as_slice(), id.0.as_bytes(), person.0.as_bytes(), &bare] {
        mac.update(part);
    }
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_code_is_one_of_its_set_once_and_of_no_other() {
        let (id, person) = (CredentialId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let (codes, texts) = Codes::draw(&[7; 32], id, person).unwrap();
        assert_eq!((codes.left(), texts.len()), (10, 10));
        assert!(texts.iter().all(|text| text.split('-').map(str::len).collect::<Vec<_>>() == [5, 5, 5, 5, 5]));
        let typed = format!(" {}\n", texts[3].to_lowercase().replace('-', " "));
        let left = codes.without(&[7; 32], id, person, &typed).unwrap();
        assert_eq!(left.left(), 9);
        assert!(left.without(&[7; 32], id, person, &texts[3]).is_none());
        assert_eq!(Codes::of_bytes(&left.to_bytes()).unwrap().left(), 9);
        assert!(codes.without(&[8; 32], id, person, &texts[3]).is_none());
        assert!(codes.without(&[7; 32], CredentialId(Uuid::from_u128(3)), person, &texts[3]).is_none());
        assert!(codes.without(&[7; 32], id, PersonId(Uuid::from_u128(3)), &texts[3]).is_none());
        assert!(codes.without(&[7; 32], id, person, "").is_none());
        assert!(Codes::of_bytes(&[1, 2]).is_none());
    }
}
