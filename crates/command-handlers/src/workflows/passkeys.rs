//! Passkeys (J3): registered, and shown as the second factor. What goes between is a ceremony in the vault: until it ends, the log hears nothing,
//! since many are begun and never ended.

use credential_vault::{CredentialKind as Kind, FactorState, PasskeyProof, PasskeyPut, PasskeyRefusal, RelyingParty, Session};
use domain::credential::{CredentialKind, CredentialRejection};
use domain::{CredentialId, CredentialLabel};
use serde_json::Value;

use super::holder::AccountHolder;
use super::sign_in::SignedIn;
use super::{AnyRejection, WorkflowError, WorkflowRejection, Workflows, security};
use crate::{CommandError, Sent};

/// A passkey that an authenticator is asked to make.
#[derive(Debug)]
pub struct NewPasskey {
    /// The id under which it will be registered.
    pub credential: CredentialId,
    /// What the browser is asked, as `PublicKeyCredentialCreationOptionsJSON` (WebAuthn level 3, §5.1.9).
    pub options: Value,
}

impl Workflows {
    /// Begins to register a passkey, in place of any other that this person has begun with. Good for five minutes. Nothing is registered by this.
    ///
    /// # Errors
    /// If a password is to be set first, or the account cannot be used; if a passkey was registered by this very command.
    pub async fn begin_passkey(
        &self,
        holder: AccountHolder,
        relying_party: &RelyingParty,
        sent: &Sent,
    ) -> Result<NewPasskey, WorkflowError> {
        let account = self.account_with_password(holder).await?;
        let credential = CredentialId(sent.derive("credential"));
        if self.credential(credential).await?.registered().is_some() {
            return Err(CommandError::Rejected(AnyRejection(Box::new(CredentialRejection::AlreadyRegistered))));
        }
        // One that a crash left behind would be among those that the authenticator is told not to make again.
        self.give_up_begun(&account, Kind::Passkey, Some(credential), sent).await?;
        let (user_id, name) = (account.user_id.as_str(), account.display_name());
        let options = self.vault.begin_passkey(relying_party, credential, holder.person, user_id, &name, self.now()).await?;
        Ok(NewPasskey { credential, options })
    }

    /// Registers the passkey that was begun under this id with what the browser answered (`RegistrationResponseJSON`). By that it was shown to
    /// work: from now on it counts, and the session goes on under a new token. Sent again after a crash, it goes on where it stopped.
    ///
    /// # Errors
    /// If the answer is not accepted, or comes too late.
    pub async fn finish_passkey(
        &self,
        session: &Session,
        relying_party: &RelyingParty,
        credential: CredentialId,
        label: CredentialLabel,
        response: &str,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let account = self.account_with_password(session.into()).await?;
        match self.vault.finish_passkey(relying_party, credential, session.person, response, self.now()).await? {
            PasskeyPut::Stored | PasskeyPut::Kept => {}
            PasskeyPut::Refused(refusal) => return Err(refused(&refusal)),
        }
        self.register(session.person, credential, CredentialKind::Passkey, label, sent).await?;
        // It may have been revoked since it was registered.
        if !self.credentials_of(&account).await?.iter().any(|owned| owned.factor.id == credential) {
            return Err(WorkflowRejection::NoSuchCredential.into());
        }
        self.count(session, credential, sent).await
    }

    /// Begins to show a passkey, at sign-in or once more; in place of any other proof by a passkey that this person has begun. Gives what the
    /// browser is asked, as `PublicKeyCredentialRequestOptionsJSON` (WebAuthn level 3, §5.1.10). Good for five minutes.
    ///
    /// # Errors
    /// If they have none.
    pub async fn begin_passkey_proof(&self, session: &Session, relying_party: &RelyingParty) -> Result<Value, WorkflowError> {
        let account = self.their_account(session.into()).await?;
        let owned = self.credentials_of(&account).await?;
        let passkeys: Vec<_> = owned.iter().filter(|owned| owned.counts && owned.factor.kind == Kind::Passkey).collect();
        // The log names it: a vault that was put back from a backup may be behind.
        for passkey in passkeys.iter().filter(|passkey| passkey.factor.state == FactorState::Pending) {
            self.vault.activate(passkey.factor.id).await?;
        }
        let options = match passkeys.is_empty() {
            true => None,
            false => self.vault.begin_passkey_proof(relying_party, session.person, self.now()).await?,
        };
        Ok(options.ok_or(WorkflowRejection::NoPasskey)?)
    }

    /// Shows a passkey by what the browser answered (`AuthenticationResponseJSON`). The session goes on under a new token.
    ///
    /// Wrong answers are not counted, as wrong codes are: each ends its ceremony, and a signature is not guessed. So nobody who knows a
    /// password can lock a passkey, and whoever has one comes in while their codes are locked.
    ///
    /// # Errors
    /// If the answer is not accepted, or comes too late.
    pub async fn finish_passkey_proof(
        &self,
        session: &Session,
        relying_party: &RelyingParty,
        response: &str,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let result = self.proved_by_passkey(session, relying_party, response, sent).await;
        security::note("passkey", Some(session.person), sent, &result);
        result
    }

    async fn proved_by_passkey(
        &self,
        session: &Session,
        relying_party: &RelyingParty,
        response: &str,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let account = self.their_account(session.into()).await?;
        match self.vault.finish_passkey_proof(relying_party, session.person, response, self.now()).await? {
            PasskeyProof::Proved(credential) if account.means.second_factors.contains(&credential) => {
                self.shown(session, credential, sent).await
            }
            // The log does not have it: what registers it was cut short.
            PasskeyProof::Proved(_) => Err(WorkflowRejection::PasskeyRefused.into()),
            PasskeyProof::Refused(refusal) => Err(refused(&refusal)),
        }
    }
}

/// What somebody is told whose answer is not accepted. What exactly is wrong with it is for the log: a page can do nothing about it.
fn refused(refusal: &PasskeyRefusal) -> WorkflowError {
    match refusal {
        PasskeyRefusal::NoCeremony => WorkflowRejection::PasskeyTooLate.into(),
        PasskeyRefusal::Unreadable { .. } | PasskeyRefusal::NotTheirs | PasskeyRefusal::DoesNotHold { .. } => {
            tracing::info!(%refusal, "the answer of an authenticator was refused");
            WorkflowRejection::PasskeyRefused.into()
        }
    }
}
