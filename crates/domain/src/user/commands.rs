//! What can be asked of a user.

use super::events::{UserOrigin, UserRole};
use crate::{ApplicationId, CompanyName, Contact, CredentialId, Email, OrganizationId, PersonId, Personal, Reason, TermsVersion, UserId};

/// What can be asked of a user.
#[derive(Debug, Clone)]
pub enum UserCommand {
    /// Invites somebody to register as a user.
    InviteUser {
        /// Of which organization.
        organization: OrganizationId,
        /// Its name.
        organization_name: CompanyName,
        /// The address.
        email: Personal<Email>,
    },
    /// Fills in who the invited person is.
    SelfRegister {
        /// How to reach them.
        contact: Personal<Contact>,
        /// The one-time password for the first login, in the vault.
        one_time_password: CredentialId,
    },
    /// Confirms who came: the account is created.
    ConfirmSelfRegistration {
        /// The User ID, reserved.
        user_id: UserId,
        /// The administrator who confirms.
        administrator: PersonId,
    },
    /// Refuses who came.
    RefuseSelfRegistration {
        /// Why.
        reason: Reason,
    },
    /// Notes that nobody followed the invitation in time, if so.
    ExpireUserInvitation {},
    /// Creates the account.
    CreateUser {
        /// Of which organization.
        organization: OrganizationId,
        /// Its name.
        organization_name: CompanyName,
        /// The User ID, reserved.
        user_id: UserId,
        /// How to reach them.
        contact: Personal<Contact>,
        /// The roles from the start.
        roles: Vec<UserRole>,
        /// The one-time password for the first login, in the vault.
        one_time_password: CredentialId,
        /// How it came to be.
        origin: UserOrigin,
    },
    /// Issues a new one-time password.
    IssueOneTimePassword {
        /// In the vault.
        one_time_password: CredentialId,
    },
    /// Uses the one-time password; the handler has verified it.
    RedeemOneTimePassword {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// Notes that the vault has ended it after wrong guesses.
    LockOneTimePassword {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// Sets the first password, or a new one.
    SetPassword {
        /// In the vault.
        password: CredentialId,
    },
    /// Confirms or corrects the profile.
    ConfirmProfile {
        /// As it shall be.
        contact: Personal<Contact>,
    },
    /// Accepts the terms of use; completes first-time login when all else is done.
    AcceptTerms {
        /// Which version: the one in force.
        version: TermsVersion,
    },
    /// Asks for a second factor, for an application that they may open.
    AskSecondFactor {
        /// Which.
        application: ApplicationId,
    },
    /// Asks no more.
    StopAskingSecondFactor {
        /// Which.
        application: ApplicationId,
    },
    /// Notes that a second factor works: the handler has seen it. Completes first-time login when all else is done.
    AddSecondFactor {
        /// In the vault.
        credential: CredentialId,
    },
    /// Takes a second factor away; the only one only from who needs none.
    RemoveSecondFactor {
        /// Which.
        credential: CredentialId,
    },
    /// Takes all second factors away, as an administrator does for who has lost them.
    ResetSecondFactors {},
    /// Completes first-time login, if nothing is left to do: what was asked for may not be any more.
    CompleteFirstLogin {},
    /// Gives a role.
    GrantRole {
        /// Which.
        role: UserRole,
    },
    /// Takes a role.
    RevokeRole {
        /// Which.
        role: UserRole,
        /// Why.
        reason: Reason,
    },
    /// Suspends the account.
    SuspendUser {
        /// Why.
        reason: Reason,
    },
    /// Lifts the suspension.
    ReinstateUser {
        /// Why.
        reason: Reason,
    },
    /// Closes the account for good.
    CloseUser {
        /// Why.
        reason: Reason,
    },
}
