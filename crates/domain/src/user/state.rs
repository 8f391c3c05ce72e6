//! What the events of a user fold to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{UserOrigin, UserRole};
use crate::sign_in::{LoginStep, SignInMeans};
use crate::{ApplicationId, CompanyName, Contact, CredentialId, Email, OrganizationId, Personal, Policy, TermsVersion, UserId};

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
    /// What they sign in with.
    pub means: SignInMeans,
    /// The applications that ask them for a second factor.
    pub second_factor_asked_by: BTreeSet<ApplicationId>,
    /// The terms that they accepted last.
    pub terms: Option<AcceptedTerms>,
    /// How the account came to be.
    pub origin: UserOrigin,
}

/// Terms of use that were accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedTerms {
    /// Which version.
    pub version: TermsVersion,
    /// From when on they are asked for again; none: at once, since it was recorded before that was.
    pub renew_from: Option<Timestamp>,
}

impl AcceptedTerms {
    /// Whether nobody has to accept anything: this version is in force and the time to renew it has not come.
    #[must_use]
    pub fn hold(&self, policy: &Policy, now: Timestamp) -> bool {
        self.version.as_str() == policy.terms_version && self.renew_from.is_some_and(|renew_from| now < renew_from)
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

impl Account {
    /// Whether this user needs a second factor: an application that they may open asks for it, or one of their roles does.
    #[must_use]
    pub fn needs_second_factor(&self, policy: &Policy) -> bool {
        !self.second_factor_asked_by.is_empty() || self.roles.iter().any(|role| policy.second_factor_roles.contains(&role.kind()))
    }

    /// What comes next in first-time login, or in setting a new password by a one-time password; an established account has
    /// nothing left to do, until other terms are in force, they are to be renewed, or it comes to need a second factor.
    #[must_use]
    pub fn next_step(&self, policy: &Policy, now: Timestamp) -> Option<LoginStep> {
        let lacks_second_factor = || self.means.second_factors.is_empty() && self.needs_second_factor(policy);
        match self.means.next_step() {
            Some(step) => Some(step),
            None if !self.is_profile_confirmed => Some(LoginStep::ConfirmProfile),
            None if !self.terms.as_ref().is_some_and(|terms| terms.hold(policy, now)) => Some(LoginStep::AcceptTerms),
            None => lacks_second_factor().then_some(LoginStep::RegisterSecondFactor),
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

    /// The account as long as it is not closed: it may be suspended.
    #[must_use]
    pub fn open_account(&self) -> Option<&Account> {
        match self {
            Self::PendingFirstLogin(account) | Self::Active(account) | Self::Suspended(account, _) => Some(account),
            Self::Unknown
            | Self::Invited(_)
            | Self::SelfRegistered(_)
            | Self::Refused(_)
            | Self::InvitationExpired(_)
            | Self::Closed(_) => None,
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
