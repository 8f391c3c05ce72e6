//! What can happen to a user.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ApplicationId, CompanyName, Contact, CredentialId, Email, OrganizationId, PersonId, Personal, Reason, RegistrationId, TermsVersion,
    UserId,
};

/// What can happen to a user. The stream is the person's: its key is the [`PersonId`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum UserEvent {
    /// An organization administrator invited somebody to register as a user.
    #[serde(rename = "user.invited.v1")]
    Invited {
        /// Of which organization.
        organization: OrganizationId,
        /// Its name, as the mail bears it.
        organization_name: CompanyName,
        /// The address that the invitation goes to.
        email: Personal<Email>,
        /// Until when it can be followed.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
    },
    /// The invited person filled in who they are; an administrator confirms or refuses.
    #[serde(rename = "user.self_registered.v1")]
    SelfRegistered {
        /// How to reach them.
        contact: Personal<Contact>,
        /// The one-time password that they chose for the first login, in the vault.
        one_time_password: CredentialId,
    },
    /// The administrator refused who came.
    #[serde(rename = "user.refused.v1")]
    Refused {
        /// Why.
        reason: Reason,
    },
    /// Nobody followed the invitation in time.
    #[serde(rename = "user.invitation_expired.v1")]
    InvitationExpired {},
    /// The account was created: first-time login is next.
    #[serde(rename = "user.created.v1")]
    Created {
        /// Of which organization.
        organization: OrganizationId,
        /// Its name, as mails bear it.
        organization_name: CompanyName,
        /// The User ID.
        user_id: UserId,
        /// How to reach them.
        contact: Personal<Contact>,
        /// The roles they have from the start.
        roles: Vec<UserRole>,
        /// The one-time password for the first login, in the vault.
        one_time_password: CredentialId,
        /// How the account came to be.
        origin: UserOrigin,
    },
    /// A new one-time password replaces the one before.
    #[serde(rename = "user.one_time_password_issued.v1")]
    OneTimePasswordIssued {
        /// In the vault.
        one_time_password: CredentialId,
    },
    /// The one-time password was used; it never works again.
    #[serde(rename = "user.one_time_password_redeemed.v1")]
    OneTimePasswordRedeemed {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// Wrong guesses have ended the one-time password; an administrator issues a new one.
    #[serde(rename = "user.one_time_password_locked.v1")]
    OneTimePasswordLocked {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// A password was set, in first-time login or by changing it.
    #[serde(rename = "user.password_set.v1")]
    PasswordSet {
        /// In the vault.
        password: CredentialId,
        /// The one that it replaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<CredentialId>,
    },
    /// The user confirmed (or corrected) their profile.
    #[serde(rename = "user.profile_confirmed.v1")]
    ProfileConfirmed {
        /// As it is now.
        contact: Personal<Contact>,
    },
    /// The user accepted the terms of use, as it was recorded before they were to be renewed.
    #[serde(rename = "user.terms_accepted.v1")]
    TermsAcceptedV1 {
        /// Which version.
        version: TermsVersion,
    },
    /// The user accepted the terms of use.
    #[serde(rename = "user.terms_accepted.v2")]
    TermsAccepted {
        /// Which version.
        version: TermsVersion,
        /// From when on they are asked for again.
        #[schemars(with = "String", extend("format" = "date-time"))]
        renew_from: Timestamp,
    },
    /// An application that they may open asks for a second factor.
    #[serde(rename = "user.second_factor_asked.v1")]
    SecondFactorAsked {
        /// Which.
        application: ApplicationId,
    },
    /// It does not ask them any more.
    #[serde(rename = "user.second_factor_no_longer_asked.v1")]
    SecondFactorNoLongerAsked {
        /// Which.
        application: ApplicationId,
    },
    /// A second factor of theirs works.
    #[serde(rename = "user.second_factor_added.v1")]
    SecondFactorAdded {
        /// In the vault.
        credential: CredentialId,
    },
    /// A second factor of theirs works no more.
    #[serde(rename = "user.second_factor_removed.v1")]
    SecondFactorRemoved {
        /// Which.
        credential: CredentialId,
    },
    /// First-time login is complete: the account is established.
    #[serde(rename = "user.activated.v1")]
    Activated {},
    /// The user was given a role.
    #[serde(rename = "user.role_granted.v1")]
    RoleGranted {
        /// Which.
        role: UserRole,
    },
    /// A role was taken from the user.
    #[serde(rename = "user.role_revoked.v1")]
    RoleRevoked {
        /// Which.
        role: UserRole,
        /// Why.
        reason: Reason,
    },
    /// The account was suspended.
    #[serde(rename = "user.suspended.v1")]
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// The suspension was lifted.
    #[serde(rename = "user.reinstated.v1")]
    Reinstated {
        /// Why.
        reason: Reason,
    },
    /// The account was closed, for good. Its User ID is not used again.
    #[serde(rename = "user.closed.v1")]
    Closed {
        /// Why.
        reason: Reason,
    },
}

/// What a user may be beside a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Administrator of the organization.
    OrganizationAdministrator,
    /// Administrator of this application for the organization.
    ApplicationAdministrator(ApplicationId),
}

/// The kinds of roles of users, whatever they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserRoleKind {
    /// Administrators of organizations.
    OrganizationAdministrator,
    /// Administrators of applications.
    ApplicationAdministrator,
}

impl UserRole {
    /// Its kind.
    #[must_use]
    pub fn kind(self) -> UserRoleKind {
        match self {
            Self::OrganizationAdministrator => UserRoleKind::OrganizationAdministrator,
            Self::ApplicationAdministrator(_) => UserRoleKind::ApplicationAdministrator,
        }
    }
}

/// How an account came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserOrigin {
    /// As a designated administrator, with the organization's approval.
    Approval(RegistrationId),
    /// By an organization administrator.
    Administrator(PersonId),
    /// By self-registration, confirmed by an organization administrator.
    SelfRegistration(PersonId),
}
