//! What the codec needs of the keys of personal data.

use domain::PersonId;
use key_ring::KeyRing;

/// Why personal data could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct KeysError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Seals and opens the personal data of a person. The key ring is the one that keeps keys on disk.
pub trait PersonalKeys: Send + Sync + 'static {
    /// Seals `plain` under the person's key, bound to `binding`.
    ///
    /// # Errors
    /// [`KeysError`] if the person's key is gone or was never there.
    fn seal(&self, person: PersonId, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError>;

    /// Opens what was sealed; none if the person has been forgotten.
    ///
    /// # Errors
    /// [`KeysError`] if it was not sealed for this person and binding, or the key is missing without having been destroyed.
    fn open(&self, person: PersonId, binding: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError>;
}

impl PersonalKeys for KeyRing {
    fn seal(&self, person: PersonId, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Self::seal(self, person, binding, plain).map_err(|error| KeysError(error.into()))
    }

    fn open(&self, person: PersonId, binding: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError> {
        self.open_sealed(person, binding, sealed).map_err(|error| KeysError(error.into()))
    }
}
