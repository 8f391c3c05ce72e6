//! Argon2id verifiers, and how many are computed at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::error::VaultError;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// The form of a verifier: this byte, memory, passes and lanes (4 bytes each, big-endian), salt, hash.
const FORM: u8 = 1;

/// What a hashing costs, and how many run at a time.
#[derive(Debug, Clone, Copy)]
pub struct HashingOptions {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
    /// How many hashings run at a time; more wait. Each takes its memory and a core.
    pub at_a_time: usize,
}

/// The parameters that the OWASP Password Storage Cheat Sheet recommends for Argon2id: 19 MiB, 2 passes, 1 lane; as many
/// at a time as there are cores.
impl Default for HashingOptions {
    fn default() -> Self {
        let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);
        Self { memory_kib: 19 * 1024, passes: 2, lanes: 1, at_a_time }
    }
}

impl HashingOptions {
    /// As cheap as Argon2 allows: for tests only.
    #[must_use]
    pub fn cheap_for_tests() -> Self {
        Self { memory_kib: 8, passes: 1, ..Self::default() }
    }
}

/// Makes and checks verifiers.
pub(crate) struct Hashing {
    options: HashingOptions,
    permits: Arc<Semaphore>,
    /// How many hashes were computed so far.
    computed: AtomicU64,
}

impl Hashing {
    /// With these costs.
    ///
    /// # Errors
    /// If Argon2 does not take the parameters.
    pub(crate) fn new(options: HashingOptions) -> Result<Self, VaultError> {
        params(options.memory_kib, options.passes, options.lanes)?;
        Ok(Self { options, permits: Arc::new(Semaphore::new(options.at_a_time.max(1))), computed: AtomicU64::new(0) })
    }

    /// Waits for the turn to hash; given back when dropped.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, VaultError> {
        Arc::clone(&self.permits).acquire_owned().await.map_err(|_| VaultError::Interrupted)
    }

    /// How many hashes were computed so far.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    fn hash(&self, params: &Params, secret: &str, salt: &[u8]) -> Result<Zeroizing<[u8; HASH_BYTES]>, VaultError> {
        self.computed.fetch_add(1, Ordering::Relaxed);
        hash(params, secret, salt)
    }

    /// A verifier of this secret with a fresh salt. Takes tens of milliseconds.
    pub(crate) fn verifier(&self, secret: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let HashingOptions { memory_kib, passes, lanes, at_a_time: _ } = self.options;
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt)?;
        let hash = self.hash(&params(memory_kib, passes, lanes)?, secret, &salt)?;
        let mut verifier = Zeroizing::new(vec![FORM]);
        for number in [memory_kib, passes, lanes] {
            verifier.extend_from_slice(&number.to_be_bytes());
        }
        verifier.extend_from_slice(&salt);
        verifier.extend_from_slice(hash.as_slice());
        Ok(verifier)
    }

    /// Whether the candidate is the secret of this verifier, compared in constant time; none if the verifier has another
    /// form. Uses the costs that the verifier was made with.
    pub(crate) fn matches(&self, verifier: &[u8], candidate: &str) -> Result<Option<bool>, VaultError> {
        let Some(([memory_kib, passes, lanes], salt, expected)) = read(verifier) else { return Ok(None) };
        let found = self.hash(&params(memory_kib, passes, lanes)?, candidate, salt)?;
        Ok(Some(found.as_slice().ct_eq(expected).into()))
    }

    /// Takes the time of a comparison, so that an answer about nobody does not come sooner.
    pub(crate) fn pretend(&self, candidate: &str) -> Result<(), VaultError> {
        let HashingOptions { memory_kib, passes, lanes, at_a_time: _ } = self.options;
        self.hash(&params(memory_kib, passes, lanes)?, candidate, &[0; SALT_BYTES]).map(|_| ())
    }
}

/// A verifier, taken apart: its costs, salt and hash.
type Parts<'a> = ([u32; 3], &'a [u8], &'a [u8]);

fn read(verifier: &[u8]) -> Option<Parts<'_>> {
    let ([FORM], rest) = verifier.split_first_chunk::<1>()? else { return None };
    let (memory_kib, rest) = rest.split_first_chunk::<4>()?;
    let (passes, rest) = rest.split_first_chunk::<4>()?;
    let (lanes, rest) = rest.split_first_chunk::<4>()?;
    let (salt, hash) = rest.split_at_checked(SALT_BYTES)?;
    let costs = [memory_kib, passes, lanes].map(|number| u32::from_be_bytes(*number));
    if hash.len() == HASH_BYTES { Some((costs, salt, hash)) } else { None }
}

fn params(memory_kib: u32, passes: u32, lanes: u32) -> Result<Params, VaultError> {
    Params::new(memory_kib, passes, lanes, Some(HASH_BYTES)).map_err(VaultError::Hashing)
}

fn hash(params: &Params, secret: &str, salt: &[u8]) -> Result<Zeroizing<[u8; HASH_BYTES]>, VaultError> {
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into(secret.as_bytes(), salt, hash.as_mut_slice())
        .map_err(VaultError::Hashing)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_knows_its_secret_and_no_other() {
        let hashing = Hashing::new(HashingOptions::cheap_for_tests()).unwrap();
        let verifier = hashing.verifier("correct horse").unwrap();
        assert_eq!(hashing.matches(&verifier, "correct horse").unwrap(), Some(true));
        assert_eq!(hashing.matches(&verifier, "correct hors").unwrap(), Some(false));
        assert_eq!(hashing.matches(&verifier[1..], "correct horse").unwrap(), None);
        assert_ne!(hashing.verifier("correct horse").unwrap(), verifier, "each has a salt of its own");
    }

    #[test]
    fn a_verifier_outlives_a_change_of_costs() {
        let hashing = Hashing::new(HashingOptions::cheap_for_tests()).unwrap();
        let before = hashing.verifier("x").unwrap();
        let dearer = HashingOptions { memory_kib: 16, passes: 2, ..HashingOptions::cheap_for_tests() };
        assert_ne!(before[..13], Hashing::new(dearer).unwrap().verifier("x").unwrap()[..13]);
        assert_eq!(hashing.matches(&before, "x").unwrap(), Some(true));
    }

    #[test]
    fn the_default_costs_are_those_of_owasp() {
        let options = HashingOptions::default();
        assert_eq!((options.memory_kib, options.passes, options.lanes), (19_456, 2, 1));
    }

    #[test]
    fn parameters_that_argon2_does_not_take_are_refused() {
        assert!(Hashing::new(HashingOptions { memory_kib: 1, ..HashingOptions::default() }).is_err());
    }
}
