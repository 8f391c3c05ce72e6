//! Secrets that no event came to name (architecture, "One picture").
//!
//! A secret is in the vault before the event that names it. Where a command ends between the two, and where a nominee is replaced or
//! a case comes to nothing, nothing will ever let the secret work: it is removed.

use credential_vault::{NamedBy, Pending};
use domain::credential::{Credential, CredentialState};
use domain::registration::{Case, Registration, Stage};
use domain::sign_in::{OneTimePassword, SignInMeans};
use domain::staff::{Staff, StaffAccount};
use domain::user::{User, UserState};
use domain::{CredentialId, PersonId, RegistrationId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{WorkflowError, Workflows};
use crate::CommandError;

/// How old a secret must be before it is looked at: many times longer than any command is under way between vault and log.
const LEFT_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What a sweep of the vault did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Secrets that nothing names: removed.
    pub removed: usize,
    /// Secrets that an account names, whose activation a crash had prevented.
    pub activated: usize,
}

/// How the log speaks of a secret.
enum Standing {
    /// An account has it: it works.
    InUse,
    /// A case that can still be approved, or a self-registration that can be confirmed, has it: it will work then.
    Awaited,
    /// Nothing has it.
    Left,
}

impl Workflows {
    /// Removes the secrets that are older than a day and that no event names any more, or ever did. Lets those work that an account
    /// has.
    ///
    /// # Errors
    /// If the vault or the log refuses; what was done before stands.
    pub async fn sweep_credentials(&self) -> Result<Swept, WorkflowError> {
        let older_than = self.looked_at_before();
        let (mut left, mut activated) = (Vec::new(), 0);
        for pending in self.vault.pending(older_than).await? {
            match self.standing(&pending).await? {
                Standing::InUse => {
                    self.vault.activate(pending.id).await?;
                    activated += 1;
                }
                Standing::Awaited => {}
                Standing::Left => left.push(pending.id),
            }
        }
        let removed = if left.is_empty() { 0 } else { self.vault.sweep(left, older_than).await? };
        Ok(Swept { removed, activated })
    }

    /// How many secrets [`Workflows::sweep_credentials`] would remove now.
    ///
    /// # Errors
    /// If the vault or the log cannot be read.
    pub async fn credentials_left(&self) -> Result<usize, WorkflowError> {
        let mut left = 0;
        for pending in self.vault.pending(self.looked_at_before()).await? {
            left += usize::from(matches!(self.standing(&pending).await?, Standing::Left));
        }
        Ok(left)
    }

    fn looked_at_before(&self) -> Timestamp {
        self.now().saturating_sub(LEFT_AFTER).unwrap_or(Timestamp::MIN)
    }

    async fn standing(&self, pending: &Pending) -> Result<Standing, WorkflowError> {
        match pending.named_by {
            NamedBy::User(person) => self.standing_of_account(person, pending.id).await,
            NamedBy::Stream(key) => self.standing_elsewhere(key, pending).await,
            NamedBy::Credential(credential) => self.standing_of_factor(credential).await,
        }
    }

    async fn standing_of_account(&self, person: PersonId, id: CredentialId) -> Result<Standing, WorkflowError> {
        let look = |state: &UserState, _| match state {
            UserState::SelfRegistered(registration) if registration.one_time_password == id => Standing::Awaited,
            UserState::PendingFirstLogin(account) | UserState::Active(account) | UserState::Suspended(account, _)
                if has(&account.means, id) =>
            {
                Standing::InUse
            }
            UserState::Unknown
            | UserState::Invited(_)
            | UserState::SelfRegistered(_)
            | UserState::Refused(_)
            | UserState::InvitationExpired(_)
            | UserState::PendingFirstLogin(_)
            | UserState::Active(_)
            | UserState::Suspended(..)
            | UserState::Closed(_) => Standing::Left,
        };
        let seen = self.handlers.inspect::<User, _>(person.0, look).await.map_err(CommandError::of_any)?;
        Ok(seen.unwrap_or(Standing::Left))
    }

    /// A second factor that was registered may be shown to work at any time.
    async fn standing_of_factor(&self, credential: CredentialId) -> Result<Standing, WorkflowError> {
        let look = |state: &CredentialState, _| match state {
            CredentialState::Active(_) => Standing::InUse,
            CredentialState::Pending(_) => Standing::Awaited,
            CredentialState::NotRegistered | CredentialState::Revoked(_) => Standing::Left,
        };
        let seen = self.handlers.inspect::<Credential, _>(credential.0, look).await.map_err(CommandError::of_any)?;
        Ok(seen.unwrap_or(Standing::Left))
    }

    /// Of a secret of somebody on the staff, or of a registration's nominee: whichever stream has this key.
    async fn standing_elsewhere(&self, key: Uuid, pending: &Pending) -> Result<Standing, WorkflowError> {
        let has = |account: Option<&StaffAccount>| account.is_some_and(|account| has(&account.means, pending.id));
        let of_staff = self
            .handlers
            .inspect::<Staff, _>(key, |state, _| has(state.member().and_then(|member| member.account.as_ref())))
            .await
            .map_err(CommandError::of_any)?;
        match of_staff {
            Some(true) => Ok(Standing::InUse),
            Some(false) => Ok(Standing::Left),
            None => self.standing_in_case(RegistrationId(key), pending).await,
        }
    }

    async fn standing_in_case(&self, registration: RegistrationId, pending: &Pending) -> Result<Standing, WorkflowError> {
        let is_awaited = self
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| state.case().is_some_and(|case| awaits(case, pending.id)))
            .await
            .map_err(CommandError::of_any)?;
        if is_awaited != Some(true) {
            return Ok(Standing::Left);
        }
        // The approval may have made an account of the nominee, which goes its own way from then on.
        let has_account = self.handlers.inspect::<User, _>(pending.person.0, |_, _| ()).await.map_err(CommandError::of_any)?.is_some();
        if has_account { self.standing_of_account(pending.person, pending.id).await } else { Ok(Standing::Awaited) }
    }
}

/// Whether this secret is one that somebody signs in with, and may still be used.
fn has(means: &SignInMeans, id: CredentialId) -> bool {
    let is_one_time_password = match means.one_time_password {
        OneTimePassword::Issued(of) | OneTimePassword::Locked(of) | OneTimePassword::Redeemed(of) => of == id,
        OneTimePassword::Spent(_) => false,
    };
    is_one_time_password || means.password == Some(id)
}

/// Whether a case that came, or can still come, to an approval has a nominee with this one-time password. A rejection can be taken
/// back.
fn awaits(case: &Case, id: CredentialId) -> bool {
    let can_come_to_be = match case.stage {
        Stage::Filling
        | Stage::Submitted(_)
        | Stage::InReview { .. }
        | Stage::InformationRequested { .. }
        | Stage::ApprovalPending { .. }
        | Stage::Approved { .. }
        | Stage::Rejected { .. } => true,
        Stage::Withdrawn | Stage::Expired | Stage::Linked { .. } => false,
    };
    can_come_to_be && case.dossier.nominees.iter().any(|nominee| nominee.one_time_password == id)
}
