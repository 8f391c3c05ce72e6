//! XChaCha20-Poly1305 over `nonce || ciphertext || tag`, the one way in which anything is sealed here.
//!
//! Put together from its two halves, as draft-irtf-cfrg-xchacha-03 (section 2.3) says: HChaCha20 makes a key of the key and the first
//! 16 bytes of the nonce; with it, and the rest of the nonce, ChaCha20-Poly1305 (RFC 8439) seals. For values as short as ours the
//! second half is several times faster in the TLS library's assembly than in the crate that has both.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use zeroize::Zeroize;

use crate::random::random;

/// Bytes of the nonce, which is random: 192 bits make a repetition out of the question.
pub(crate) const NONCE_BYTES: usize = 24;
/// Bytes of the tag.
pub(crate) const TAG_BYTES: usize = 16;

/// Why sealing failed.
#[derive(Debug)]
pub(crate) enum SealError {
    /// No random nonce was to be had.
    Randomness(getrandom::Error),
    /// The plaintext is longer than the cipher takes (256 GiB).
    TooLong,
}

/// Seals under a fresh random nonce.
pub(crate) fn seal(key: &[u8; 32], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_BYTES] = random().map_err(SealError::Randomness)?;
    seal_with(key, &nonce, aad, plaintext).ok_or(SealError::TooLong)
}

fn seal_with(key: &[u8; 32], nonce: &[u8; NONCE_BYTES], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = Vec::with_capacity(NONCE_BYTES + plaintext.len() + TAG_BYTES);
    sealed.extend_from_slice(nonce);
    sealed.extend_from_slice(plaintext);
    let (key, nonce) = halves(key, nonce)?;
    let text = sealed.get_mut(NONCE_BYTES..).unwrap_or_default();
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), text).ok()?;
    sealed.extend_from_slice(tag.as_ref());
    Some(sealed)
}

/// Opens what [`seal`] made under the same key and associated data; none if anything differs.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (key, nonce) = halves(key, nonce)?;
    let mut text = rest.to_vec();
    let length = key.open_in_place(nonce, Aad::from(aad), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

/// The key and the nonce of the second half.
fn halves(key: &[u8; 32], nonce: &[u8; NONCE_BYTES]) -> Option<(LessSafeKey, Nonce)> {
    let (first, second) = nonce.split_first_chunk::<16>()?;
    let mut derived = hchacha::<R20>(key.into(), first.into());
    let key = UnboundKey::new(&CHACHA20_POLY1305, &derived).ok().map(LessSafeKey::new);
    derived.zeroize();
    let mut short = [0; 12];
    short.last_chunk_mut::<8>()?.copy_from_slice(second);
    Some((key?, Nonce::assume_unique_for_key(short)))
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::{Aead, Payload};
    use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_is_what_another_library_seals(key: [u8; 32], nonce: [u8; NONCE_BYTES], aad: Vec<u8>, text: Vec<u8>) {
            let theirs = XChaCha20Poly1305::new(&key.into()).encrypt(&nonce.into(), Payload { msg: &text, aad: &aad }).unwrap();
            let ours = seal_with(&key, &nonce, &aad, &text).unwrap();
            prop_assert_eq!(&ours, &[&nonce[..], &theirs].concat());
            prop_assert_eq!(open(&key, &aad, &ours), Some(text));
        }
    }

    #[test]
    fn nothing_opens_that_differs_anywhere() {
        let sealed = seal(&[7; 32], b"place", b"text").unwrap();
        for byte in 0..sealed.len() {
            let mut other = sealed.clone();
            other[byte] ^= 1;
            assert_eq!(open(&[7; 32], b"place", &other), None);
            assert_eq!(open(&[7; 32], b"place", &sealed[..byte]), None);
        }
        assert_eq!(open(&[8; 32], b"place", &sealed), None);
        assert_eq!(open(&[7; 32], b"elsewhere", &sealed), None);
    }
}
