//! What the codec needs of the keys of personal data.

use domain::PersonId;
use key_ring::{KeyRing, KeyRingError};

/// Why personal data could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The person has been forgotten: nothing can be sealed for them any more.
    #[error("person {0} has been forgotten")]
    Forgotten(PersonId),
    /// The keys cannot be used, or what is to be opened was not sealed like this.
    #[error("the keys of personal data cannot be used")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

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

impl From<KeyRingError> for KeysError {
    fn from(error: KeyRingError) -> Self {
        if let KeyRingError::Destroyed(person) = error { Self::Forgotten(person) } else { Self::Failed(error.into()) }
    }
}

impl PersonalKeys for KeyRing {
    fn seal(&self, person: PersonId, binding: &[u8], plain: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(Self::seal(self, person, binding, plain)?)
    }

    fn open(&self, person: PersonId, binding: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, KeysError> {
        Ok(self.open_sealed(person, binding, sealed)?)
    }
}
