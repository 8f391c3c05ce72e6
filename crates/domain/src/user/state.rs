//! What the events of a user fold to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{UserOrigin, UserRole};
use crate::{ApplicationId, CompanyName, Contact, CredentialId, Email, OrganizationId, Personal, TermsVersion, UserId};

/// Where a user stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UserState {
    /// There is none.
    #[default]
    Unknown,
    /// Was invited to register, and did not come yet.
    Invited(UserInvitation),
    /// Came; an administrator confirms or refuses.
    SelfRegistered(SelfRegistration),
    /// Came and was refused.
    Refused(UserInvitation),
    /// Did not come in time.
    InvitationExpired(UserInvitation),
    /// Has an account; first-time login is not done.
    PendingFirstLogin(Account),
    /// Has an established account.
    Active(Account),
    /// The account is suspended; lifting that leads back to where it was.
    Suspended(Account, SuspendedFrom),
    /// The account is closed, for good.
    Closed(Account),
}

/// An invitation to register as a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserInvitation {
    /// Of which organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: CompanyName,
    /// The address that the invitation went to.
    pub email: Personal<Email>,
    /// Until when it can be followed.
    pub expires_at: Timestamp,
}

/// Who came on an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfRegistration {
    /// The invitation.
    pub invitation: UserInvitation,
    /// How to reach them.
    pub contact: Personal<Contact>,
    /// The one-time password that they chose, in the vault.
    pub one_time_password: CredentialId,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Of which organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: CompanyName,
    /// The User ID, the same for good.
    pub user_id: UserId,
    /// How to reach them.
    pub contact: Personal<Contact>,
    /// Whether they have confirmed that.
    pub is_profile_confirmed: bool,
    /// Their roles.
    pub roles: BTreeSet<UserRole>,
    /// The latest one-time password.
    pub one_time_password: OneTimePassword,
    /// The password, in the vault.
    pub password: Option<CredentialId>,
    /// The latest version of the terms that they accepted.
    pub terms: Option<TermsVersion>,
    /// How the account came to be.
    pub origin: UserOrigin,
}

/// The latest one-time password of a user, in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneTimePassword {
    /// It can be used, once.
    Issued(CredentialId),
    /// Wrong guesses have ended it.
    Locked(CredentialId),
    /// It was used; a password is to be set next.
    Redeemed(CredentialId),
    /// A password was set since.
    Spent(CredentialId),
}

impl OneTimePassword {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> CredentialId {
        match self {
            Self::Issued(id) | Self::Locked(id) | Self::Redeemed(id) | Self::Spent(id) => *id,
        }
    }
}

/// Where a suspended user was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspendedFrom {
    /// In first-time login.
    PendingFirstLogin,
    /// Active.
    Active,
}

/// What a user does next before the account can be used (domain, J2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoginStep {
    /// Enter the one-time password.
    RedeemOneTimePassword,
    /// Set a password.
    SetPassword,
    /// Confirm the profile.
    ConfirmProfile,
    /// Accept the terms.
    AcceptTerms,
}

impl Account {
    /// What comes next in first-time login, or in setting a new password by a one-time password; an established account has
    /// nothing left to do.
    #[must_use]
    pub fn next_step(&self) -> Option<LoginStep> {
        match self.one_time_password {
            OneTimePassword::Issued(_) | OneTimePassword::Locked(_) => Some(LoginStep::RedeemOneTimePassword),
            OneTimePassword::Redeemed(_) => Some(LoginStep::SetPassword),
            OneTimePassword::Spent(_) if !self.is_profile_confirmed => Some(LoginStep::ConfirmProfile),
            OneTimePassword::Spent(_) if self.terms.is_none() => Some(LoginStep::AcceptTerms),
            OneTimePassword::Spent(_) => None,
        }
    }
}

impl UserState {
    /// The account, in whichever state; none before it was created.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Unknown | Self::Invited(_) | Self::SelfRegistered(_) | Self::Refused(_) | Self::InvitationExpired(_) => None,
            Self::PendingFirstLogin(account) | Self::Active(account) | Self::Suspended(account, _) | Self::Closed(account) => Some(account),
        }
    }

    /// The organization that they belong to, or were invited to.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Unknown => None,
            Self::Invited(invitation) | Self::Refused(invitation) | Self::InvitationExpired(invitation) => Some(invitation.organization),
            Self::SelfRegistered(registration) => Some(registration.invitation.organization),
            Self::PendingFirstLogin(account) | Self::Active(account) | Self::Suspended(account, _) | Self::Closed(account) => {
                Some(account.organization)
            }
        }
    }

    /// The account of a user who can sign in with a password or one-time password; none if suspended, closed or without one.
    #[must_use]
    pub fn can_sign_in(&self) -> Option<&Account> {
        match self {
            Self::PendingFirstLogin(account) | Self::Active(account) => Some(account),
            Self::Unknown
            | Self::Invited(_)
            | Self::SelfRegistered(_)
            | Self::Refused(_)
            | Self::InvitationExpired(_)
            | Self::Suspended(..)
            | Self::Closed(_) => None,
        }
    }

    /// Whether first-time login is done and the account can be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active().is_some()
    }

    /// Whether they can invite, create and suspend users of their organization: an established account with the role.
    #[must_use]
    pub fn can_administer(&self) -> bool {
        self.active().is_some_and(|account| account.roles.contains(&UserRole::OrganizationAdministrator))
    }

    /// Whether they can decide on access to this application: an established account with the role for it.
    #[must_use]
    pub fn can_administer_application(&self, application: ApplicationId) -> bool {
        self.active().is_some_and(|account| account.roles.contains(&UserRole::ApplicationAdministrator(application)))
    }

    fn active(&self) -> Option<&Account> {
        match self {
            Self::Active(account) => Some(account),
            Self::Unknown
            | Self::Invited(_)
            | Self::SelfRegistered(_)
            | Self::Refused(_)
            | Self::InvitationExpired(_)
            | Self::PendingFirstLogin(_)
            | Self::Suspended(..)
            | Self::Closed(_) => None,
        }
    }
}
