//! XChaCha20-Poly1305 over `nonce || ciphertext || tag`, the one way in which anything is sealed here.

use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305};

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
    let mut sealed = Vec::with_capacity(NONCE_BYTES + plaintext.len() + TAG_BYTES);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let text = sealed.get_mut(NONCE_BYTES..).unwrap_or_default();
    let tag = XChaCha20Poly1305::new(key.into()).encrypt_inout_detached(&nonce.into(), aad, text.into()).map_err(|_| SealError::TooLong)?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens what [`seal`] made under the same key and associated data; none if anything differs.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut text = ciphertext.to_vec();
    XChaCha20Poly1305::new(key.into()).decrypt_inout_detached(nonce.into(), aad, text.as_mut_slice().into(), tag.into()).ok()?;
    Some(text)
}
