//! A vault in a folder of its own.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::path::PathBuf;

use credential_vault::{HashingOptions, Vault, VaultError, VaultKey};
use domain::{CredentialId, OrganizationId, PersonId};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join(Vault::FILE_NAME)
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn open(&self) -> Vault {
        self.try_open(7).unwrap()
    }

    pub(crate) fn try_open(&self, key: u8) -> Result<Vault, VaultError> {
        Vault::open_with(&self.path(), VaultKey::new(&[key; 32]), HashingOptions { at_a_time: 8, ..HashingOptions::cheap_for_tests() })
    }

    /// The files as a power cut would leave them, in another folder.
    pub(crate) fn image(&self) -> Self {
        let image = Self::new();
        for file in std::fs::read_dir(self.0.path()).unwrap() {
            let file = file.unwrap();
            if !file.file_name().to_string_lossy().ends_with("-shm") {
                std::fs::copy(file.path(), image.0.path().join(file.file_name())).unwrap();
            }
        }
        image
    }

    /// Whether any file of the folder holds these bytes.
    pub(crate) fn holds(&self, part: &[u8]) -> bool {
        std::fs::read_dir(self.0.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(part.len()).any(|window| window == part)
        })
    }
}

/// This many seconds after the start of the tests' time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    "2026-03-02T09:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

/// An id whose bytes do not turn up by chance.
fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((kind << 64 | number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

pub(crate) fn credential(number: u128) -> CredentialId {
    CredentialId(id(1, number))
}

pub(crate) fn person(number: u128) -> PersonId {
    PersonId(id(2, number))
}

pub(crate) fn organization(number: u128) -> OrganizationId {
    OrganizationId(id(3, number))
}
