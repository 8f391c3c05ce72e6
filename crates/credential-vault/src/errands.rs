//! Errands: what a browser was sent elsewhere with, and comes back for. Nobody is known yet: it is the browser that holds the other half.

use domain::PersonId;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aead;
use crate::error::VaultError;
use crate::store::Ceremony;
use crate::text::{self, TextHash};
use crate::vault::Vault;

/// What the browser's half begins with.
const PREFIX: &str = "ge_";
/// Beside the purposes of ceremonies with authenticators, which are of a person.
const PURPOSE: u8 = 3;
/// How long somebody may be away.
const TIME: SignedDuration = SignedDuration::from_mins(10);

impl Vault {
    /// Keeps what is needed when the browser comes back, for ten minutes. Gives the browser's half: `ge_` and 42 letters and digits, of which
    /// only the hash is kept. On disk when this returns.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn begin_errand(&self, state: &[u8], now: Timestamp) -> Result<Zeroizing<String>, VaultError> {
        let text = text::new_text(PREFIX)?;
        let hash = text::hash_of(PREFIX, &text).ok_or(VaultError::DamagedRow { table: "ceremonies" })?;
        let sealed = aead::seal(&self.inner.key.verifiers, &aad(&hash), state)?;
        let ends_at = now.saturating_add(TIME).unwrap_or(Timestamp::MAX);
        self.inner.store.begin_ceremony(Ceremony { person: nobody(&hash), purpose: PURPOSE, sealed, ends_at }).await?;
        Ok(text)
    }

    /// Takes away what was kept for the browser that holds this text; none if there is nothing (any more). Of many who ask at once, one has it.
    ///
    /// # Errors
    /// If the row is damaged or the disk refuses.
    pub async fn take_errand(&self, text: &str, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let Some(hash) = text::hash_of(PREFIX, text) else { return Ok(None) };
        let Some(sealed) = self.inner.store.take_ceremony(nobody(&hash), PURPOSE, now).await? else { return Ok(None) };
        let opened = aead::open(&self.inner.key.verifiers, &aad(&hash), &sealed);
        opened.map(|opened| Some(Zeroizing::new(opened))).ok_or(VaultError::DamagedRow { table: "ceremonies" })
    }
}

/// In the place of a person's id: 122 bits of the hash.
fn nobody(hash: &TextHash) -> PersonId {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = *from;
    }
    PersonId(Uuid::from_bytes(bytes))
}

/// Binds what is kept to the text that the browser holds.
fn aad(hash: &TextHash) -> Vec<u8> {
    [b"gatehouse errand 1".as_slice(), hash].concat()
}
