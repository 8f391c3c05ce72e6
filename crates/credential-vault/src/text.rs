//! The texts of API tokens and sessions: a prefix that is recognized when one is found where it should not be, 36 random
//! characters (214 bits), and 6 characters of checksum, so that a mistyped one is refused without a look-up.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::VaultError;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS: usize = 36;
const CHECKSUM_CHARACTERS: usize = 6;

/// SHA-256 of a text: what is kept of it.
pub(crate) type TextHash = [u8; 32];

/// A new text with this prefix.
pub(crate) fn new_text(prefix: &str) -> Result<Zeroizing<String>, VaultError> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS));
    text.push_str(prefix);
    for character in random_characters(ALPHABET, RANDOM_CHARACTERS)?.iter() {
        text.push(char::from(*character));
    }
    let sum = checksum(&text);
    text.extend(sum.map(char::from));
    Ok(text)
}

/// The hash of a text with this prefix; none if its form or checksum is wrong.
pub(crate) fn hash_of(prefix: &str, text: &str) -> Option<TextHash> {
    if !text.starts_with(prefix) || text.len() != prefix.len() + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS {
        return None;
    }
    let (body, sum) = text.split_at_checked(text.len() - CHECKSUM_CHARACTERS)?;
    if sum.as_bytes() != checksum(body) {
        return None;
    }
    Some(Sha256::digest(text.as_bytes()).into())
}

/// This many characters of the alphabet, each as likely as any other.
pub(crate) fn random_characters(alphabet: &[u8], count: usize) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let mut characters = Zeroizing::new(Vec::with_capacity(count));
    let mut pool = Zeroizing::new([0_u8; 64]);
    // A byte from the incomplete last round of the alphabet would favour its first characters.
    let usable = 256 - 256 % alphabet.len();
    while characters.len() < count {
        getrandom::fill(pool.as_mut_slice())?;
        let drawn = pool.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < usable);
        let wanted = count - characters.len();
        characters.extend(drawn.filter_map(|byte| alphabet.get(byte % alphabet.len())).take(wanted).copied());
    }
    Ok(characters)
}

/// Six characters of SHA-256 over the text and a label, the label so that the kept hash tells nothing of them.
fn checksum(text: &str) -> [u8; CHECKSUM_CHARACTERS] {
    let digest = Sha256::new().chain_update(b"checksum:").chain_update(text.as_bytes()).finalize();
    let mut sum = [0; CHECKSUM_CHARACTERS];
    for (to, from) in sum.iter_mut().zip(digest) {
        *to = ALPHABET.get(usize::from(from) % ALPHABET.len()).copied().unwrap_or_default();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_recognized_and_any_change_of_it_is_not() {
        let text = new_text("gh_").unwrap();
        assert_eq!(text.len(), 3 + 36 + 6);
        assert!(hash_of("gh_", &text).is_some());
        assert!(hash_of("gs_", &text).is_none());
        for at in 3..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            assert!(hash_of("gh_", std::str::from_utf8(&changed).unwrap()).is_none());
        }
        for other in ["", "gh_", "gh_é", &text[1..], &format!("{}x", *text), &"é".repeat(22)] {
            assert!(hash_of("gh_", other).is_none());
        }
    }

    #[test]
    fn every_character_is_drawn_about_as_often() {
        let drawn = random_characters(ALPHABET, 62_000).unwrap();
        for character in ALPHABET {
            let count = drawn.iter().filter(|drawn| *drawn == character).count();
            assert!((800..1200).contains(&count), "{character}: {count}");
        }
    }
}
