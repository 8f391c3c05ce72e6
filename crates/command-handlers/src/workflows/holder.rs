//! Whose account somebody signs in to: a user's or one of the staff, which have their accounts in streams of their own kinds.

use std::collections::BTreeSet;

use credential_vault::{NamedBy, OpenedBy, Session, SessionHolder, SessionLifetime};
use domain::organization::Organization;
use domain::reservation::Reservation;
use domain::sign_in::{LoginStep, SignInMeans};
use domain::staff::{Member, Staff, StaffCommand, StaffState};
use domain::user::{Account, User, UserCommand, UserRole, UserState};
use domain::{Contact, CredentialId, OrganizationId, PersonId, Personal, StaffId, StaffRole, UserId};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Sent};

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountHolder {
    /// Who.
    pub person: PersonId,
    /// As whom.
    pub holder: SessionHolder,
}

impl From<&Session> for AccountHolder {
    fn from(session: &Session) -> Self {
        Self { person: session.person, holder: session.holder }
    }
}

/// As whom, and in which roles, somebody acts; as the log has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActsAs {
    /// A user.
    User {
        /// Of which organization.
        organization: OrganizationId,
        /// In which roles.
        roles: BTreeSet<UserRole>,
    },
    /// Somebody on the staff.
    Staff {
        /// Who.
        staff: StaffId,
        /// In which roles; perhaps none.
        roles: BTreeSet<StaffRole>,
    },
}

/// An account that can be signed in to now.
#[derive(Debug, Clone)]
pub struct OpenAccount {
    /// Whose.
    pub holder: AccountHolder,
    /// What they act as.
    pub acts_as: ActsAs,
    /// The User ID.
    pub user_id: UserId,
    /// What they sign in with.
    pub means: SignInMeans,
    /// What is left to do before it can be used.
    pub next: Option<LoginStep>,
    /// Whether first-time login was completed; a step may be left all the same.
    pub is_established: bool,
    /// How to reach them.
    contact: Personal<Contact>,
    /// The name of the company that they act for.
    company: String,
}

impl OpenAccount {
    fn of_user(person: PersonId, account: &Account, is_established: bool, next: Option<LoginStep>) -> Self {
        Self {
            holder: AccountHolder { person, holder: SessionHolder::User { organization: account.organization } },
            acts_as: ActsAs::User { organization: account.organization, roles: account.roles.clone() },
            user_id: account.user_id.clone(),
            means: account.means.clone(),
            next,
            is_established,
            contact: account.contact.clone(),
            company: account.organization_name.to_string(),
        }
    }

    fn of_staff(staff: StaffId, member: &Member, company: &str) -> Option<Self> {
        let account = member.account.as_ref()?;
        let next = account.next_step();
        Some(Self {
            holder: AccountHolder { person: member.contact.person(), holder: SessionHolder::Staff { staff } },
            acts_as: ActsAs::Staff { staff, roles: member.roles.clone() },
            user_id: account.user_id.clone(),
            means: account.means.clone(),
            next,
            is_established: next.is_none(),
            contact: member.contact.clone(),
            company: company.to_owned(),
        })
    }

    /// Whether a session goes on that was opened by this: if that is what opens the account now. So a password or one-time password that is
    /// set or issued ends all sessions of the ones before by being in the log, wherever a crash comes after it.
    #[must_use]
    pub fn goes_on(&self, session: &Session) -> bool {
        match session.opened_by {
            OpenedBy::Secret(credential) => credential == self.means.opens_with(),
            // No password here has a part in it: whoever set one, or had one issued, says nothing of who they are at the provider. It ends
            // where all sessions of a person are ended.
            OpenedBy::Provider => true,
            OpenedBy::Unrecorded => false,
        }
    }

    /// How long sessions of such an account live.
    #[must_use]
    pub fn lifetime(&self) -> SessionLifetime {
        match self.holder.holder {
            SessionHolder::User { .. } => SessionLifetime::USERS,
            SessionHolder::Staff { .. } => SessionLifetime::STAFF,
        }
    }

    /// What they are called: their name, or the User ID of somebody who was forgotten.
    pub(super) fn display_name(&self) -> String {
        match self.contact.get() {
            Some(contact) => format!("{} {}", contact.given_name.as_str(), contact.family_name.as_str()),
            None => self.user_id.to_string(),
        }
    }

    /// Whose event names their passwords.
    pub(super) fn names(&self) -> NamedBy {
        match self.holder.holder {
            SessionHolder::User { .. } => NamedBy::User(self.holder.person),
            SessionHolder::Staff { staff } => NamedBy::Stream(staff.0),
        }
    }

    /// Words that a password of theirs must not lean on: who knows the person would try them.
    pub(super) fn known_words(&self) -> Vec<&str> {
        let mut words = vec![self.user_id.as_str(), self.company.as_str()];
        // Each word of the company's name, too: whoever guesses will not type it as the register has it.
        words.extend(self.company.split_whitespace());
        if let Some(contact) = self.contact.get() {
            words.extend([contact.given_name.as_str(), contact.family_name.as_str(), contact.email.as_str()]);
        }
        words
    }
}

/// What is asked of an account, whosever it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    Redeem(CredentialId),
    Lock(CredentialId),
    SetPassword(CredentialId),
    AddSecondFactor(CredentialId),
    RemoveSecondFactor(CredentialId),
    CompleteFirstLogin,
}

impl Ask {
    fn of_user(self) -> UserCommand {
        match self {
            Self::Redeem(one_time_password) => UserCommand::RedeemOneTimePassword { one_time_password },
            Self::Lock(one_time_password) => UserCommand::LockOneTimePassword { one_time_password },
            Self::SetPassword(password) => UserCommand::SetPassword { password },
            Self::AddSecondFactor(credential) => UserCommand::AddSecondFactor { credential },
            Self::RemoveSecondFactor(credential) => UserCommand::RemoveSecondFactor { credential },
            Self::CompleteFirstLogin => UserCommand::CompleteFirstLogin {},
        }
    }

    /// None: staff have no such step.
    fn of_staff(self) -> Option<StaffCommand> {
        match self {
            Self::Redeem(one_time_password) => Some(StaffCommand::RedeemStaffOneTimePassword { one_time_password }),
            Self::Lock(one_time_password) => Some(StaffCommand::LockStaffOneTimePassword { one_time_password }),
            Self::SetPassword(password) => Some(StaffCommand::SetStaffPassword { password }),
            Self::AddSecondFactor(credential) => Some(StaffCommand::AddStaffSecondFactor { credential }),
            Self::RemoveSecondFactor(credential) => Some(StaffCommand::RemoveStaffSecondFactor { credential }),
            Self::CompleteFirstLogin => None,
        }
    }
}

impl Workflows {
    /// The account that can be signed in to now: of a user of an organization in good standing, or of somebody on the staff.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn open_account(&self, holder: AccountHolder) -> Result<Option<OpenAccount>, WorkflowError> {
        match holder.holder {
            SessionHolder::User { .. } => self.account_of_user(holder.person).await,
            SessionHolder::Staff { staff } => self.account_of_staff(staff).await,
        }
    }

    /// The account of a session that goes on; none if it is over, or the account cannot be used now.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn account_in(&self, session: &Session) -> Result<Option<OpenAccount>, WorkflowError> {
        Ok(self.open_account(session.into()).await?.filter(|account| account.goes_on(session)))
    }

    /// As [`open_account`](Self::open_account); it is there.
    pub(super) async fn their_account(&self, holder: AccountHolder) -> Result<OpenAccount, WorkflowError> {
        Ok(self.open_account(holder).await?.ok_or(WorkflowRejection::NoSuchAccount)?)
    }

    /// The account under a User ID, if it can be signed in to now.
    pub(super) async fn account_under(&self, user_id: &UserId) -> Result<Option<OpenAccount>, WorkflowError> {
        let key = self.user_id_reservation(user_id).0;
        let owner = self.handlers.inspect::<Reservation, _>(key, |state, _| state.owner()).await.map_err(CommandError::of_any)?;
        let Some(owner) = owner.flatten() else { return Ok(None) };
        match self.account_of_user(PersonId(owner)).await? {
            Some(account) => Ok(Some(account)),
            None => self.account_of_staff(StaffId(owner)).await,
        }
    }

    async fn account_of_user(&self, person: PersonId) -> Result<Option<OpenAccount>, WorkflowError> {
        let (policy, now) = (self.handlers.policy(), self.now());
        let open = |state: &UserState| {
            let account = state.can_sign_in()?;
            let opened = OpenAccount::of_user(person, account, state.is_active(), account.next_step(&policy, now));
            Some((opened, account.organization))
        };
        let account = self.handlers.inspect::<User, _>(person.0, |state, _| open(state)).await.map_err(CommandError::of_any)?;
        let Some((account, organization)) = account.flatten() else { return Ok(None) };
        let stands = self
            .handlers
            .inspect::<Organization, _>(organization.0, |state, _| state.is_in_good_standing())
            .await
            .map_err(CommandError::of_any)?;
        Ok((stands == Some(true)).then_some(account))
    }

    pub(super) async fn account_of_staff(&self, staff: StaffId) -> Result<Option<OpenAccount>, WorkflowError> {
        let company = self.operator_name.as_str();
        let open = |state: &StaffState| state.member().and_then(|member| OpenAccount::of_staff(staff, member, company));
        let account = self.handlers.inspect::<Staff, _>(staff.0, |state, _| open(state)).await.map_err(CommandError::of_any)?;
        Ok(account.flatten())
    }

    /// Asks something of an account; none if such an account has no such step.
    pub(super) async fn ask(&self, holder: AccountHolder, ask: Ask, sent: &Sent) -> Result<Option<Answer<()>>, WorkflowError> {
        match holder.holder {
            SessionHolder::User { .. } => {
                let answer = self.handlers.handle::<User>(holder.person.0, ask.of_user(), sent).await.map_err(CommandError::of_any)?;
                Ok(Some(answer.without_events()))
            }
            SessionHolder::Staff { staff } => {
                let Some(command) = ask.of_staff() else { return Ok(None) };
                let answer = self.handlers.handle::<Staff>(staff.0, command, sent).await.map_err(CommandError::of_any)?;
                Ok(Some(answer.without_events()))
            }
        }
    }

    /// As [`ask`](Self::ask), for what every account has.
    pub(super) async fn tell(&self, holder: AccountHolder, ask: Ask, sent: &Sent) -> Result<Answer<()>, WorkflowError> {
        Ok(self.ask(holder, ask, sent).await?.ok_or(WorkflowRejection::NoSuchAccount)?)
    }
}
