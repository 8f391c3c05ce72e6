//! What somebody has beside the password, by the log: the vault keeps the secrets, and what counts the log says.

use credential_vault::{CredentialKind as Kind, Factor, FactorState};
use domain::credential::{Credential, CredentialState, Registered};
use domain::sign_in::SignInMeans;
use domain::{CredentialId, PersonId};

use super::holder::OpenAccount;
use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::CommandError;

/// A second factor or a set of recovery codes of somebody.
#[derive(Debug, Clone)]
pub struct OwnedCredential {
    /// What the vault knows of it.
    pub factor: Factor,
    /// What was registered.
    pub registered: Registered,
    /// Whether it counts; otherwise it was begun, and waits to be shown to work.
    pub counts: bool,
}

impl OwnedCredential {
    /// None: it works no more, or never did and never will.
    fn of(factor: Factor, state: CredentialState, means: &SignInMeans) -> Option<Self> {
        let stands_in = factor.kind == Kind::RecoveryCodes;
        let is_named = means.second_factors.contains(&factor.id);
        let (registered, counts) = match state {
            CredentialState::NotRegistered | CredentialState::Revoked(_) => return None,
            // Codes that were never activated were never shown.
            CredentialState::Pending(_) if stands_in => return None,
            CredentialState::Pending(registered) => (registered, is_named),
            // It was taken from what its person signs in with, and what was to end it was cut short.
            CredentialState::Active(_) if !is_named && !stands_in => return None,
            CredentialState::Active(registered) => (registered, true),
        };
        Some(Self { factor, registered, counts })
    }
}

impl Workflows {
    /// What somebody has beside the password, oldest first: what counts, and what was begun and waits to be shown to work. What was revoked is
    /// left out. The log decides: what a crash left active in the vault before the log heard of it does not count.
    ///
    /// # Errors
    /// If vault or log cannot be read.
    pub async fn credentials_of(&self, account: &OpenAccount) -> Result<Vec<OwnedCredential>, WorkflowError> {
        let mut owned = Vec::new();
        for factor in self.vault.factors_of(account.holder.person).await? {
            if factor.state != FactorState::Revoked {
                owned.extend(OwnedCredential::of(factor, self.credential(factor.id).await?, &account.means));
            }
        }
        Ok(owned)
    }

    /// How far a credential is.
    pub(super) async fn credential(&self, credential: CredentialId) -> Result<CredentialState, WorkflowError> {
        let state = self.handlers.inspect::<Credential, _>(credential.0, |state, _| state.clone()).await.map_err(CommandError::of_any)?;
        Ok(state.unwrap_or_default())
    }

    /// A credential of theirs, in whichever state. Fails for one of somebody else as for one that is not there.
    pub(super) async fn own_credential(&self, person: PersonId, credential: CredentialId) -> Result<Registered, WorkflowError> {
        let state = self.credential(credential).await?;
        let theirs = state.registered().filter(|registered| registered.user == person);
        Ok(theirs.cloned().ok_or(WorkflowRejection::NoSuchCredential)?)
    }
}
