//! Passkeys: the ceremonies of WebAuthn level 3, by the library `webauthn_rp`.

use std::fmt;

use domain::{CredentialId, PersonId};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::Sha256;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::{
    AllowedCredentials, AuthenticationVerificationOptions, NonDiscoverableAuthenticationServerState,
    NonDiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    CredProtect, PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity, RegistrationServerState,
    RegistrationVerificationOptions, UserHandle16,
};
use webauthn_rp::request::{Credentials, ExtensionInfo, PublicKeyCredentialDescriptor, UserVerificationRequirement};
use webauthn_rp::response::auth::NonDiscoverableAuthentication;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, Registration, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId as AuthenticatorsId};
use webauthn_rp::{AuthenticatedCredential, RegisteredCredential};
use zeroize::Zeroizing;

use super::RelyingParty;
use crate::aead;
use crate::credentials::{CredentialKind, aad};
use crate::error::VaultError;
use crate::store::{Ceremony, Claimed, FactorRow, NewCredential, PasskeyRow, UseUp};
use crate::vault::{Inner, Vault};

/// How long somebody may take over a ceremony.
const CEREMONY_TIME: SignedDuration = SignedDuration::from_mins(5);
/// The form of a passkey at rest: this byte, the length of its authenticator's id (2 bytes, big-endian), that id, how it is reached (1 byte),
/// what changes of it (7 bytes), what does not.
const FORM: u8 = 1;
/// A user handle is the bytes of a person's id.
const HANDLE_BYTES: usize = 16;

/// What a ceremony is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Registering,
    Proving,
}

impl Purpose {
    fn code(self) -> u8 {
        match self {
            Self::Registering => 1,
            Self::Proving => 2,
        }
    }
}

/// What became of a passkey that was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum PasskeyPut {
    /// It is there, pending. So it is when the answer is sent again.
    Stored,
    /// Its id is active or revoked already: nothing was changed.
    Kept,
    /// It is not there.
    Refused(PasskeyRefusal),
}

/// Whether somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum PasskeyProof {
    /// They did, with this passkey, whose authenticator verified them.
    Proved(CredentialId),
    /// They did not.
    Refused(PasskeyRefusal),
}

/// Why the answer of an authenticator is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasskeyRefusal {
    /// There is no ceremony that it ends: none was begun, it was ended before, it is past its time, or another one was begun since.
    NoCeremony,
    /// It is not what WebAuthn asks for.
    Unreadable {
        /// What of it, for the log.
        why: String,
    },
    /// It is of a passkey that is not an active one of this person, or, where one is registered, that somebody has already.
    NotTheirs,
    /// It does not hold: another origin, another challenge, a wrong signature, a user who was not verified, a count that did not go up.
    DoesNotHold {
        /// What of it, for the log.
        why: String,
    },
}

impl fmt::Display for PasskeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCeremony => f.write_str("there is no ceremony that it ends"),
            Self::Unreadable { why } => write!(f, "it is not what WebAuthn asks for: {why}"),
            Self::NotTheirs => f.write_str("the passkey is not theirs"),
            Self::DoesNotHold { why } => write!(f, "it does not hold: {why}"),
        }
    }
}

impl PasskeyRefusal {
    fn unreadable(error: impl fmt::Display) -> Self {
        Self::Unreadable { why: error.to_string() }
    }

    fn does_not_hold(error: impl fmt::Display) -> Self {
        Self::DoesNotHold { why: error.to_string() }
    }
}

impl Vault {
    /// Begins to register a passkey under this id, in place of any other that this person is registering. Gives what to hand to the browser as
    /// `PublicKeyCredentialCreationOptionsJSON` (WebAuthn level 3, §5.1.9): `user_name` is the User ID, `display_name` what the person is
    /// called; neither is kept here. Good for five minutes.
    ///
    /// # Errors
    /// If the User ID is none that WebAuthn takes, a passkey is damaged, or the disk refuses.
    pub async fn begin_passkey(
        &self,
        relying_party: &RelyingParty,
        id: CredentialId,
        person: PersonId,
        user_name: &str,
        display_name: &str,
        now: Timestamp,
    ) -> Result<Value, VaultError> {
        let mut exclude = Vec::new();
        for known in self.inner.store.passkeys_of(person).await?.iter().filter(|known| known.id != id) {
            exclude.push(self.inner.passkey(known)?.descriptor()?);
        }
        let (state, options) = {
            let handle = handle(person);
            let name = user_name.try_into().map_err(impossible)?;
            // Names that the profile of RFC 8266 has no place for are left out.
            let user = PublicKeyCredentialUserEntity { name, id: &handle, display_name: display_name.try_into().ok() };
            let mut options = PublicKeyCredentialCreationOptions::passkey(&relying_party.id, user, exclude);
            // Asked for, not enforced: most platforms' own authenticators know no such policy, and browsers would refuse them. That the user was
            // verified is looked at here, in every answer.
            options.extensions.cred_protect = CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
            let (server, client) = options.start_ceremony().map_err(impossible)?;
            (server.encode().map_err(impossible)?, serde_json::to_value(client).map_err(impossible)?)
        };
        // The id goes with it: what is registered is registered under the id that it was begun for.
        self.begin(person, Purpose::Registering, &[id.0.as_bytes().as_slice(), &state].concat(), now).await?;
        Ok(options)
    }

    /// Ends the ceremony that [`begin_passkey`](Self::begin_passkey) began with what the browser gave (`RegistrationResponseJSON`), and keeps the
    /// passkey, pending. On disk when this returns. The ceremony is over whatever the answer.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn finish_passkey(
        &self,
        relying_party: &RelyingParty,
        id: CredentialId,
        person: PersonId,
        response: &str,
        now: Timestamp,
    ) -> Result<PasskeyPut, VaultError> {
        let taken = self.take(person, Purpose::Registering, now).await?;
        let begun = taken.as_ref().and_then(|state| state.split_first_chunk::<16>()).filter(|(begun, _)| begun == &id.0.as_bytes());
        let Some((_, state)) = begun else { return self.registered_before(id, person).await };
        let passkey = match registered(relying_party, state, response) {
            Ok(passkey) => passkey,
            Err(refusal) => return Ok(PasskeyPut::Refused(refusal)),
        };
        let mark = Some(self.inner.mark(&passkey.authenticators_id)?);
        let new = self.inner.new_factor(id, person, CredentialKind::Passkey, &passkey.to_bytes()?, now)?;
        Ok(match self.inner.store.put_passkey(NewCredential { mark, ..new }).await? {
            Claimed::Stored => PasskeyPut::Stored,
            Claimed::Kept => PasskeyPut::Kept,
            Claimed::Taken => PasskeyPut::Refused(PasskeyRefusal::NotTheirs),
        })
    }

    /// The answer to somebody whose ceremony is over: perhaps because it was ended with this very answer, and they did not hear of it.
    async fn registered_before(&self, id: CredentialId, person: PersonId) -> Result<PasskeyPut, VaultError> {
        let known = self.inner.store.passkeys_of(person).await?.into_iter().find(|known| known.id == id);
        Ok(match known {
            Some(known) if known.is_pending => PasskeyPut::Stored,
            Some(_) => PasskeyPut::Kept,
            None => PasskeyPut::Refused(PasskeyRefusal::NoCeremony),
        })
    }

    /// Begins to prove that somebody has one of their active passkeys, in place of any other proof of theirs. Gives what to hand to the browser
    /// as `PublicKeyCredentialRequestOptionsJSON` (WebAuthn level 3, §5.1.10); none if they have no passkey. Good for five minutes.
    ///
    /// # Errors
    /// If a passkey is damaged, or the disk refuses.
    pub async fn begin_passkey_proof(
        &self,
        relying_party: &RelyingParty,
        person: PersonId,
        now: Timestamp,
    ) -> Result<Option<Value>, VaultError> {
        let known = self.inner.store.passkeys_of(person).await?;
        let mut allowed = AllowedCredentials::with_capacity(known.len());
        for passkey in known.iter().filter(|known| !known.is_pending) {
            allowed.push(self.inner.passkey(passkey)?.descriptor()?.into());
        }
        let Ok(mut options) = NonDiscoverableCredentialRequestOptions::second_factor(&relying_party.id, allowed) else { return Ok(None) };
        options.options().user_verification = UserVerificationRequirement::Required;
        let (state, options) = {
            let (server, client) = options.start_ceremony().map_err(impossible)?;
            (server.encode().map_err(impossible)?, serde_json::to_value(client).map_err(impossible)?)
        };
        self.begin(person, Purpose::Proving, &state, now).await?;
        Ok(Some(options))
    }

    /// Ends the ceremony that [`begin_passkey_proof`](Self::begin_passkey_proof) began with what the browser gave
    /// (`AuthenticationResponseJSON`): says with which passkey the person proved who they are. The ceremony is over whatever the answer.
    ///
    /// # Errors
    /// If a passkey is damaged, or the disk refuses.
    pub async fn finish_passkey_proof(
        &self,
        relying_party: &RelyingParty,
        person: PersonId,
        response: &str,
        now: Timestamp,
    ) -> Result<PasskeyProof, VaultError> {
        let Some(state) = self.take(person, Purpose::Proving, now).await? else {
            return Ok(PasskeyProof::Refused(PasskeyRefusal::NoCeremony));
        };
        let response = match NonDiscoverableAuthentication::<HANDLE_BYTES>::from_json_relaxed(response.as_bytes()) {
            Ok(response) => response,
            Err(error) => return Ok(PasskeyProof::Refused(PasskeyRefusal::unreadable(error))),
        };
        for known in self.inner.store.passkeys_of(person).await?.into_iter().filter(|known| !known.is_pending) {
            let mut passkey = self.inner.passkey(&known)?;
            if response.raw_id().as_ref() != passkey.authenticators_id.as_slice() {
                continue;
            }
            if let Err(refusal) = passkey.prove(relying_party, person, &state, &response)? {
                return Ok(PasskeyProof::Refused(refusal));
            }
            return self.used(known, &passkey, now).await;
        }
        Ok(PasskeyProof::Refused(PasskeyRefusal::NotTheirs))
    }

    /// Writes down that a passkey was used.
    async fn used(&self, known: PasskeyRow, passkey: &Passkey, now: Timestamp) -> Result<PasskeyProof, VaultError> {
        let PasskeyRow { id, is_pending, row: before } = known;
        let sealed = aead::seal(&self.inner.key.verifiers, &aad(id, before.person, before.kind), &passkey.to_bytes()?)?;
        let counter = before.counter;
        let used = UseUp { id, is_pending, before, sealed: Some(sealed), counter, now };
        // It may have been revoked while it was verified.
        let is_theirs = self.inner.store.use_up(used).await?;
        Ok(if is_theirs { PasskeyProof::Proved(id) } else { PasskeyProof::Refused(PasskeyRefusal::NotTheirs) })
    }

    async fn begin(&self, person: PersonId, purpose: Purpose, state: &[u8], now: Timestamp) -> Result<(), VaultError> {
        let sealed = aead::seal(&self.inner.key.verifiers, &ceremony_aad(person, purpose), state)?;
        let ends_at = now.saturating_add(CEREMONY_TIME).unwrap_or(Timestamp::MAX);
        self.inner.store.begin_ceremony(Ceremony { person, purpose: purpose.code(), sealed, ends_at }).await
    }

    async fn take(&self, person: PersonId, purpose: Purpose, now: Timestamp) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
        let Some(sealed) = self.inner.store.take_ceremony(person, purpose.code(), now).await? else { return Ok(None) };
        let opened = aead::open(&self.inner.key.verifiers, &ceremony_aad(person, purpose), &sealed);
        opened.map(|opened| Some(Zeroizing::new(opened))).ok_or(VaultError::DamagedRow { table: "ceremonies" })
    }
}

impl Inner {
    fn passkey(&self, known: &PasskeyRow) -> Result<Passkey, VaultError> {
        let PasskeyRow { id, is_pending: _, row } = known;
        self.passkey_of(*id, row)
    }

    fn passkey_of(&self, id: CredentialId, row: &FactorRow) -> Result<Passkey, VaultError> {
        Passkey::of_bytes(&self.open_factor(id, row)?).ok_or(VaultError::Damaged(id))
    }

    /// What no other passkey has: WebAuthn has no passkey registered twice (level 3, §7.1, step 26).
    fn mark(&self, authenticators_id: &[u8]) -> Result<[u8; 32], VaultError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.marks.as_slice()).map_err(impossible)?;
        mac.update(b"passkey 1");
        mac.update(authenticators_id);
        Ok(mac.finalize().into_bytes().into())
    }
}

/// A passkey, as far as the service has it: its public half.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Passkey {
    authenticators_id: Vec<u8>,
    transports: u8,
    dynamic: [u8; 7],
    unchanging: Vec<u8>,
}

impl Passkey {
    fn of(registered: &RegisteredCredential<'_, HANDLE_BYTES>) -> Result<Self, VaultError> {
        Ok(Self {
            authenticators_id: registered.id().as_ref().to_vec(),
            transports: registered.transports().encode().map_err(impossible)?,
            dynamic: registered.dynamic_state().encode().map_err(impossible)?,
            unchanging: registered.static_state().encode().map_err(impossible)?,
        })
    }

    fn to_bytes(&self) -> Result<Vec<u8>, VaultError> {
        let length = u16::try_from(self.authenticators_id.len()).map_err(|_| VaultError::TooLong)?;
        Ok([&[FORM], length.to_be_bytes().as_slice(), &self.authenticators_id, &[self.transports], &self.dynamic, &self.unchanging]
            .concat())
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let ([FORM], rest) = bytes.split_first_chunk::<1>()? else { return None };
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (authenticators_id, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let ([transports], rest) = rest.split_first_chunk::<1>()?;
        let (dynamic, unchanging) = rest.split_first_chunk::<7>()?;
        let (authenticators_id, unchanging) = (authenticators_id.to_vec(), unchanging.to_vec());
        Some(Self { authenticators_id, transports: *transports, dynamic: *dynamic, unchanging })
    }

    fn descriptor(&self) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>, VaultError> {
        let id = AuthenticatorsId::<Vec<u8>>::decode(self.authenticators_id.clone()).map_err(impossible)?;
        Ok(PublicKeyCredentialDescriptor { id, transports: AuthTransports::decode(self.transports).map_err(impossible)? })
    }

    /// Whether this answer ends this ceremony; takes in what the authenticator says of itself.
    fn prove(
        &mut self,
        relying_party: &RelyingParty,
        person: PersonId,
        state: &[u8],
        response: &NonDiscoverableAuthentication<HANDLE_BYTES>,
    ) -> Result<Result<(), PasskeyRefusal>, VaultError> {
        let state = NonDiscoverableAuthenticationServerState::decode(state).map_err(impossible)?;
        let handle = handle(person);
        let id = AuthenticatorsId::<&[u8]>::decode(&self.authenticators_id).map_err(impossible)?;
        let unchanging =
            StaticState::<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>::decode(&self.unchanging).map_err(impossible)?;
        let dynamic = DynamicState::decode(self.dynamic).map_err(impossible)?;
        let mut credential = AuthenticatedCredential::new(id, &handle, unchanging, dynamic).map_err(impossible)?;
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &[&relying_party.origin],
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        if let Err(error) = state.verify(&relying_party.id, response, &mut credential, &options) {
            return Ok(Err(PasskeyRefusal::does_not_hold(error)));
        }
        self.dynamic = credential.dynamic_state().encode().map_err(impossible)?;
        Ok(Ok(()))
    }
}

/// The passkey that this answer to this ceremony registers.
fn registered(relying_party: &RelyingParty, state: &[u8], response: &str) -> Result<Passkey, PasskeyRefusal> {
    let state = RegistrationServerState::<HANDLE_BYTES>::decode(state).map_err(PasskeyRefusal::does_not_hold)?;
    let response = Registration::from_json_relaxed(response.as_bytes()).map_err(PasskeyRefusal::unreadable)?;
    let options = RegistrationVerificationOptions::<&str, &str> {
        allowed_origins: &[&relying_party.origin],
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let registered = state.verify(&relying_party.id, &response, &options).map_err(PasskeyRefusal::does_not_hold)?;
    Passkey::of(&registered).map_err(PasskeyRefusal::does_not_hold)
}

fn handle(person: PersonId) -> UserHandle16 {
    match UserHandle16::decode(*person.0.as_bytes()) {
        Ok(handle) => handle,
        Err(never) => match never {},
    }
}

fn impossible(error: impl fmt::Display) -> VaultError {
    VaultError::Passkey(error.to_string())
}

/// Binds a ceremony to its person and purpose.
fn ceremony_aad(person: PersonId, purpose: Purpose) -> Vec<u8> {
    [b"gatehouse ceremony 1".as_slice(), person.0.as_bytes(), &[purpose.code()]].concat()
}
