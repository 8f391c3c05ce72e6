//! XChaCha20-Poly1305 over `nonce || ciphertext || tag`, as the key ring has it; the two crates do not know each other.

use chacha20poly1305::{AeadInOut, KeyInit, XChaCha20Poly1305};

use crate::error::VaultError;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Seals under a fresh random nonce.
pub(crate) fn seal(key: &[u8; 32], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    let mut text = plaintext.to_vec();
    let tag = XChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(&nonce.into(), aad, text.as_mut_slice().into())
        .map_err(|_| VaultError::TooLong)?;
    Ok([nonce.as_slice(), &text, &tag].concat())
}

/// Opens what [`seal`] made under the same key and associated data; none if anything differs.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
    let mut text = ciphertext.to_vec();
    XChaCha20Poly1305::new(key.into()).decrypt_inout_detached(nonce.into(), aad, text.as_mut_slice().into(), tag.into()).ok()?;
    Some(text)
}
