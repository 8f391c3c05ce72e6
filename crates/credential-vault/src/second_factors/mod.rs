//! Second factors: authenticators, tokens bought elsewhere, recovery codes, passkeys.

mod generator;
mod inventory;
mod passkeys;
mod recovery;
mod relying_party;

use std::sync::Arc;

use domain::{CredentialId, PersonId};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::aead;
use crate::credentials::{CredentialKind, NamedBy, Verification, aad};
use crate::error::VaultError;
use crate::store::{Attempting, FactorRow, NewCredential, UseUp};
use crate::vault::{Inner, Vault};
use generator::Generator;
pub(crate) use generator::NEVER_USED;
pub use generator::{AuthenticatorSecret, OtpAlgorithm, OtpDigits, OtpHash};
pub use inventory::{Claim, ImportedToken, InventoryToken, Standing, StockedToken, TokenFlaw, TokenStanding};
pub use passkeys::{PasskeyProof, PasskeyPut, PasskeyRefusal};
use recovery::Codes;
pub use relying_party::RelyingParty;

/// How often a right code is tried again because the row changed meanwhile: more often than a set has codes.
const TRIES: u32 = 20;

/// A second factor, without its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// Its id.
    pub id: CredentialId,
    /// Which kind.
    pub kind: CredentialKind,
    /// Whether it counts.
    pub state: FactorState,
    /// When it was put here.
    pub created_at: Timestamp,
    /// When it last proved its person, or was shown to work.
    pub last_used_at: Option<Timestamp>,
}

/// Whether a second factor counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactorState {
    /// Not yet.
    Pending,
    /// It does.
    Active,
    /// Not any more.
    Revoked,
}

impl Vault {
    /// Draws the secret of an authenticator app and keeps it, pending. On disk when this returns. Put again under the same id, the new secret
    /// takes the place of the old one; none if the id is active or revoked already: nothing was changed.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn put_authenticator(
        &self,
        id: CredentialId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<AuthenticatorSecret>, VaultError> {
        let generator = Generator::for_authenticator()?;
        let new = self.inner.new_factor(id, person, CredentialKind::Authenticator, &generator.to_bytes(), now)?;
        let stored = self.inner.store.put(new).await?;
        Ok(stored.then(|| AuthenticatorSecret::new(generator)))
    }

    /// Draws ten recovery codes, each good once, and keeps what is needed to know them, pending. On disk when this returns. They are to be
    /// shown this once: five groups of five letters and digits each, 113 random bits. Put again under the same id, the new codes take the place
    /// of the old ones; none if the id is active or revoked already: nothing was changed.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn put_recovery_codes(
        &self,
        id: CredentialId,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<Vec<Zeroizing<String>>>, VaultError> {
        let (codes, texts) = Codes::draw(&self.inner.key.recovery_codes, id, person)?;
        let new = self.inner.new_factor(id, person, CredentialKind::RecoveryCodes, &codes.to_bytes(), now)?;
        let stored = self.inner.store.put(new).await?;
        Ok(stored.then_some(texts))
    }

    /// How many codes of an active set were not used yet; 0 if there is no such set.
    ///
    /// # Errors
    /// If the set is damaged or cannot be read.
    pub async fn recovery_codes_left(&self, id: CredentialId) -> Result<usize, VaultError> {
        let found = self.inner.store.factor(id, false).await?.filter(|row| row.kind == CredentialKind::RecoveryCodes);
        found.map_or(Ok(0), |row| Ok(self.inner.codes(id, &row)?.left()))
    }

    /// Says whether this is a code of this active authenticator, token or set of recovery codes, and uses it up if it is: the same code is
    /// right once, however often it comes at once, and through whichever instances.
    ///
    /// An attempt is counted, durably, before it is compared, for the person: five wrong codes in a quarter of an hour are compared, whichever
    /// of their second factors they are tried on; then none until a quarter of an hour after the last one ([`Verification::Locked`]). What was
    /// counted for a right one is taken back by the write that uses it up.
    ///
    /// # Errors
    /// If the secret is damaged or the disk refuses: the attempt may have been counted.
    pub async fn prove(&self, id: CredentialId, code: &str, now: Timestamp) -> Result<Verification, VaultError> {
        self.try_codes(id, false, Typed::One(Zeroizing::new(code.to_owned())), now).await
    }

    /// As [`prove`](Self::prove), for one that is pending: whether its person has it, and it works. It stays pending.
    ///
    /// # Errors
    /// As [`prove`](Self::prove).
    pub async fn prove_pending(&self, id: CredentialId, code: &str, now: Timestamp) -> Result<Verification, VaultError> {
        self.try_codes(id, true, Typed::One(Zeroizing::new(code.to_owned())), now).await
    }

    /// As [`prove`](Self::prove) where the token is active, and as [`prove_pending`](Self::prove_pending) where it is pending, by two codes
    /// of a token with a button that follow each other: its button was pressed for nothing so often that one code is not looked for that far
    /// ahead. Up to a hundred presses (RFC 4226 §7.4).
    ///
    /// # Errors
    /// As [`prove`](Self::prove).
    pub async fn resynchronize(&self, id: CredentialId, codes: [&str; 2], now: Timestamp) -> Result<Verification, VaultError> {
        let is_pending = self.inner.store.factor(id, true).await?.is_some();
        self.try_codes(id, is_pending, Typed::Two(codes.map(|code| Zeroizing::new(code.to_owned()))), now).await
    }

    async fn try_codes(&self, id: CredentialId, is_pending: bool, typed: Typed, now: Timestamp) -> Result<Verification, VaultError> {
        let inner = Arc::clone(&self.inner);
        // On a task of its own: a caller who goes away in the middle leaves no right code counted as a wrong one.
        let proving = tokio::spawn(async move { inner.prove(id, is_pending, &typed, now).await });
        proving.await.map_err(|_| VaultError::Interrupted)?
    }

    /// The second factors of a person, in every state, oldest first.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub async fn factors_of(&self, person: PersonId) -> Result<Vec<Factor>, VaultError> {
        self.inner.store.factors_of(person).await
    }
}

/// What somebody typed to prove who they are.
enum Typed {
    /// A code.
    One(Zeroizing<String>),
    /// Two codes that follow each other.
    Two([Zeroizing<String>; 2]),
}

/// What a right code changes in a row: what is sealed, if that changes, and the last counter.
type Change = (Option<Vec<u8>>, i64);

impl Inner {
    /// A second factor to keep, named by its own stream.
    pub(crate) fn new_factor(
        &self,
        id: CredentialId,
        person: PersonId,
        kind: CredentialKind,
        secret: &[u8],
        now: Timestamp,
    ) -> Result<NewCredential, VaultError> {
        let sealed = aead::seal(&self.key.verifiers, &aad(id, person, kind), secret)?;
        let (named_by, counter) = (NamedBy::Credential(id), NEVER_USED);
        Ok(NewCredential { id, person, named_by, kind, sealed, counter, mark: None, expires_at: None, created_at: now })
    }

    /// What is sealed in a row of this id.
    pub(crate) fn open_factor(&self, id: CredentialId, row: &FactorRow) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let opened = aead::open(&self.key.verifiers, &aad(id, row.person, row.kind), &row.sealed);
        opened.map(Zeroizing::new).ok_or(VaultError::Damaged(id))
    }

    fn codes(&self, id: CredentialId, row: &FactorRow) -> Result<Codes, VaultError> {
        Codes::of_bytes(&self.open_factor(id, row)?).ok_or(VaultError::Damaged(id))
    }

    /// Counts, compares, and uses up.
    async fn prove(&self, id: CredentialId, is_pending: bool, typed: &Typed, now: Timestamp) -> Result<Verification, VaultError> {
        let (mut row, attempts_left) = match self.store.count_proof(id, is_pending, now).await? {
            Attempting::Counted { row, attempts_left } => (row, attempts_left),
            Attempting::Refused(verification) => return Ok(verification),
        };
        for _ in 0..TRIES {
            let Some((sealed, counter)) = self.compare(id, &row, typed, now)? else { return Ok(Verification::Wrong { attempts_left }) };
            let used = UseUp { id, is_pending, before: row, sealed, counter, now };
            if self.store.use_up(used).await? {
                return Ok(Verification::Ok);
            }
            // Another code was used meanwhile, or the same one; or it was revoked.
            row = match self.store.factor(id, is_pending).await? {
                Some(row) => row,
                None => return Ok(Verification::Unknown),
            };
        }
        Ok(Verification::Wrong { attempts_left })
    }

    /// What changes if this is a right code; none if it is not.
    fn compare(&self, id: CredentialId, row: &FactorRow, typed: &Typed, now: Timestamp) -> Result<Option<Change>, VaultError> {
        match row.kind {
            CredentialKind::Authenticator | CredentialKind::Token => {
                let generator = Generator::of_bytes(&self.open_factor(id, row)?).ok_or(VaultError::Damaged(id))?;
                let accepted = match typed {
                    Typed::One(code) => generator.accepted(code, row.counter, now)?,
                    Typed::Two([first, second]) => generator.accepted_together([first, second], row.counter)?,
                };
                Ok(accepted.map(|counter| (None, counter)))
            }
            CredentialKind::RecoveryCodes => {
                let Typed::One(code) = typed else { return Ok(None) };
                let left = self.codes(id, row)?.without(&self.key.recovery_codes, id, row.person, code);
                let sealed = left.map(|left| aead::seal(&self.key.verifiers, &aad(id, row.person, row.kind), &left.to_bytes()));
                Ok(sealed.transpose()?.map(|sealed| (Some(sealed), row.counter)))
            }
            CredentialKind::Password | CredentialKind::OneTimePassword | CredentialKind::Passkey => Err(VaultError::Damaged(id)),
        }
    }
}
