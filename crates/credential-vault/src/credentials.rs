//! Passwords and one-time passwords.

use std::sync::Arc;

use domain::{CredentialId, PersonId};
use jiff::Timestamp;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aead;
use crate::error::VaultError;
use crate::proposal;
use crate::second_factors::NEVER_USED;
use crate::store::{Attempted, Counted, NewCredential};
use crate::vault::{Inner, Vault};

/// What kind of secret a row holds a verifier of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A password.
    Password,
    /// A one-time password: good until it is revoked, which the first new password does; ended by five wrong attempts.
    OneTimePassword,
    /// An authenticator app (TOTP).
    Authenticator,
    /// A token that makes one-time passwords, bought elsewhere (HOTP or TOTP).
    Token,
    /// A set of recovery codes.
    RecoveryCodes,
    /// A passkey (WebAuthn).
    Passkey,
}

impl CredentialKind {
    const ALL: [Self; 6] = [Self::Password, Self::OneTimePassword, Self::Authenticator, Self::Token, Self::RecoveryCodes, Self::Passkey];

    /// What stands for it in a row.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Password => 1,
            Self::OneTimePassword => 2,
            Self::Authenticator => 3,
            Self::Token => 4,
            Self::RecoveryCodes => 5,
            Self::Passkey => 6,
        }
    }

    /// What a row says; none if it says something else.
    pub(crate) fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What became of a secret that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, pending; what was pending under the id before is gone.
    Stored,
    /// The id is active or revoked already: nothing was changed.
    Kept,
}

/// Whether a candidate is the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// It is.
    Ok,
    /// It is not.
    Wrong {
        /// How many more wrong ones are allowed. 0: this was the last.
        attempts_left: u32,
    },
    /// Not compared: too many wrong ones before.
    Locked {
        /// Until when, for a password; a one-time password is ended for good, and a new one must be handed over.
        until: Option<Timestamp>,
    },
    /// Not compared: it is past its time.
    Expired,
    /// There is no active credential of this id.
    Unknown,
}

/// Whose event is to name a credential: what to look at to know whether it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// The account of its person.
    User(PersonId),
    /// The stream of this key: a registration that its person is to administrate, or their place on the staff.
    Stream(Uuid),
    /// The credential's own stream: of second factors, where being named is not enough to count.
    Credential(CredentialId),
}

impl NamedBy {
    /// The key of its stream.
    pub(crate) fn key(self) -> Uuid {
        match self {
            Self::User(person) => person.0,
            Self::Stream(key) => key,
            Self::Credential(credential) => credential.0,
        }
    }
}

/// A credential that does not count yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Which one.
    pub id: CredentialId,
    /// Whose secret it is.
    pub person: PersonId,
    /// Whose event is to name it.
    pub named_by: NamedBy,
}

impl Vault {
    /// Keeps a verifier of this password, pending until an event of `named_by` names it. On disk when this returns. The password's strength was checked before.
    ///
    /// # Errors
    /// If hashing fails or the disk refuses.
    pub async fn put_password(
        &self,
        id: CredentialId,
        person: PersonId,
        named_by: NamedBy,
        secret: &str,
        now: Timestamp,
    ) -> Result<Put, VaultError> {
        self.put(id, person, named_by, CredentialKind::Password, Zeroizing::new(secret.to_owned()), None, now).await
    }

    /// Keeps a verifier of this one-time password, pending until an event of `named_by` names it, good until `expires_at` if that
    /// is given. On disk when this returns. Its strength was checked before.
    ///
    /// # Errors
    /// If hashing fails or the disk refuses.
    pub async fn put_one_time_password(
        &self,
        id: CredentialId,
        person: PersonId,
        named_by: NamedBy,
        secret: &str,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Put, VaultError> {
        self.put(id, person, named_by, CredentialKind::OneTimePassword, proposal::canonical(secret), expires_at, now).await
    }

    #[expect(clippy::too_many_arguments, reason = "they are the columns of a row")]
    async fn put(
        &self,
        id: CredentialId,
        person: PersonId,
        named_by: NamedBy,
        kind: CredentialKind,
        secret: Zeroizing<String>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Put, VaultError> {
        let turn = self.inner.hashing.turn().await?;
        let inner = Arc::clone(&self.inner);
        let sealed = blocking(move || {
            let verifier = inner.hashing.verifier(&secret)?;
            drop(turn);
            aead::seal(&inner.key.verifiers, &aad(id, person, kind), &verifier)
        })
        .await?;
        let counter = NEVER_USED;
        let stored = self
            .inner
            .store
            .put(NewCredential { id, person, named_by, kind, sealed, counter, mark: None, expires_at, created_at: now })
            .await?;
        Ok(if stored { Put::Stored } else { Put::Kept })
    }

    /// Makes a pending credential count, because an event names it. True if the credential is active afterwards; false if
    /// it was revoked, or there is none. Doing it again does nothing new.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn activate(&self, id: CredentialId) -> Result<bool, VaultError> {
        self.inner.store.activate(id).await
    }

    /// Ends a credential, whatever its state, and wipes its verifier. The row stays, so that a late retry of the command
    /// that put it does not bring it back.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn revoke(&self, id: CredentialId) -> Result<(), VaultError> {
        self.inner.store.revoke(id).await
    }

    /// Says whether the candidate is the secret of this credential.
    ///
    /// An attempt is counted, durably, before it is compared, and taken back when it was right: however many guesses come
    /// at once, and wherever the process is killed, no more than five wrong ones are compared with a one-time password, and
    /// ten with a password in a quarter of an hour. Whatever it says but [`Verification::Ok`], it took the same
    /// work: call it with an id of nobody when the User ID is nobody's.
    ///
    /// # Errors
    /// If hashing fails, the verifier is damaged or the disk refuses: the attempt may have been counted.
    pub async fn verify(&self, id: CredentialId, candidate: &str, now: Timestamp) -> Result<Verification, VaultError> {
        let candidate = Zeroizing::new(candidate.to_owned());
        // The turn comes before the count: an attempt that is given up while it waits is not counted.
        let turn = self.inner.hashing.turn().await?;
        let inner = Arc::clone(&self.inner);
        // On a task of its own: a caller who goes away in the middle leaves no right attempt counted as a wrong one.
        let verifying = tokio::spawn(async move {
            let verification = inner.verify(id, candidate, now).await;
            drop(turn);
            verification
        });
        verifying.await.map_err(|_| VaultError::Interrupted)?
    }

    /// The credentials that have been pending since before this instant: what to look for in the log before a sweep. Those that an
    /// earlier version kept, without saying whose event is to name them, are left out.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn pending(&self, older_than: Timestamp) -> Result<Vec<Pending>, VaultError> {
        self.inner.store.pending(older_than).await
    }

    /// Removes those of these credentials that are still pending since before `older_than`: found to be named by no event. One that
    /// was put anew in the meantime stays. Gives how many were removed.
    ///
    /// # Errors
    /// If the disk refuses; then nothing was changed.
    pub async fn sweep(&self, unnamed: Vec<CredentialId>, older_than: Timestamp) -> Result<usize, VaultError> {
        self.inner.store.sweep(unnamed, older_than).await
    }
}

impl Inner {
    /// Counts, compares, and takes back what was counted if it was right.
    async fn verify(self: Arc<Self>, id: CredentialId, candidate: Zeroizing<String>, now: Timestamp) -> Result<Verification, VaultError> {
        let counted = match self.store.count_attempt(id, now).await? {
            Attempted::Counted(counted) => counted,
            // As much work, on disk and of hashing, as if there were something to compare with: an answer tells by its time no more than by its words.
            Attempted::Refused(verification) => {
                self.store.pretend_to_count(now).await?;
                return blocking(move || self.hashing.pretend(&candidate)).await.map(|()| verification);
            }
        };
        let (kind, attempts_left) = (counted.kind, counted.attempts_left);
        let comparing = Arc::clone(&self);
        if !blocking(move || comparing.is_right(id, &counted, &candidate)).await? {
            return Ok(Verification::Wrong { attempts_left });
        }
        // It may have been revoked while it was compared.
        let still_active = self.store.uncount(id, kind).await?;
        Ok(if still_active { Verification::Ok } else { Verification::Unknown })
    }

    fn is_right(&self, id: CredentialId, counted: &Counted, candidate: &str) -> Result<bool, VaultError> {
        let aad = aad(id, counted.person, counted.kind);
        let verifier = aead::open(&self.key.verifiers, &aad, &counted.sealed).map(Zeroizing::new).ok_or(VaultError::Damaged(id))?;
        let is_typed_carelessly = counted.kind == CredentialKind::OneTimePassword;
        let canonical = is_typed_carelessly.then(|| proposal::canonical(candidate));
        let candidate = canonical.as_ref().map_or(candidate, |canonical| canonical.as_str());
        self.hashing.matches(&verifier, candidate)?.ok_or(VaultError::Damaged(id))
    }
}

/// Runs what takes a core for tens of milliseconds on a thread for that.
async fn blocking<R: Send + 'static>(work: impl FnOnce() -> Result<R, VaultError> + Send + 'static) -> Result<R, VaultError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| VaultError::Interrupted)?
}

/// Binds a sealed verifier to its row, so that nobody who can write the file can put one person's in another's place.
pub(crate) fn aad(id: CredentialId, person: PersonId, kind: CredentialKind) -> Vec<u8> {
    [b"gatehouse verifier 1".as_slice(), id.0.as_bytes(), person.0.as_bytes(), &kind.code().to_be_bytes()].concat()
}
