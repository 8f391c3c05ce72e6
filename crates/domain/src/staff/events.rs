//! What can happen to a member of the operator's staff.

use serde::{Deserialize, Serialize};

use crate::registration::Affiliation;
use crate::{Contact, CredentialId, Personal, Reason, ReservationId, StaffRole, UserId};

/// What can happen to a member of the operator's staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum StaffEvent {
    /// Somebody joined the staff.
    #[serde(rename = "staff.appointed.v1")]
    Appointed {
        /// How to reach them.
        contact: Personal<Contact>,
        /// Their roles from the start.
        roles: Vec<StaffRole>,
    },
    /// They were given a role.
    #[serde(rename = "staff.role_granted.v1")]
    RoleGranted {
        /// Which.
        role: StaffRole,
    },
    /// A role was taken from them.
    #[serde(rename = "staff.role_revoked.v1")]
    RoleRevoked {
        /// Which.
        role: StaffRole,
        /// Why.
        reason: Reason,
    },
    /// The organizations that they belong to, whose cases they never decide.
    #[serde(rename = "staff.affiliations_declared.v1")]
    AffiliationsDeclared {
        /// All of them as they are now.
        affiliations: Vec<Affiliation>,
    },
    /// They can sign in: first with this one-time password, which replaces the one before.
    #[serde(rename = "staff.one_time_password_issued.v1")]
    OneTimePasswordIssued {
        /// The User ID.
        user_id: UserId,
        /// In the vault.
        one_time_password: CredentialId,
    },
    /// The one-time password was used; it never works again.
    #[serde(rename = "staff.one_time_password_redeemed.v1")]
    OneTimePasswordRedeemed {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// Wrong guesses have ended the one-time password; an administrator issues a new one.
    #[serde(rename = "staff.one_time_password_locked.v1")]
    OneTimePasswordLocked {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// A password was set, at first or by changing it.
    #[serde(rename = "staff.password_set.v1")]
    PasswordSet {
        /// In the vault.
        password: CredentialId,
        /// The one that it replaces.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<CredentialId>,
    },
    /// A second factor of theirs works.
    #[serde(rename = "staff.second_factor_added.v1")]
    SecondFactorAdded {
        /// In the vault.
        credential: CredentialId,
    },
    /// A second factor of theirs works no more.
    #[serde(rename = "staff.second_factor_removed.v1")]
    SecondFactorRemoved {
        /// Which.
        credential: CredentialId,
    },
    /// They can sign in by the operator's identity provider.
    #[serde(rename = "staff.identity_linked.v1")]
    IdentityLinked {
        /// Names who they are there, without telling it: the reservation of issuer and subject.
        identity: ReservationId,
    },
    /// They cannot sign in there any more.
    #[serde(rename = "staff.identity_unlinked.v1")]
    IdentityUnlinked {
        /// Which it was.
        identity: ReservationId,
    },
    /// They left the staff.
    #[serde(rename = "staff.dismissed.v1")]
    Dismissed {
        /// Why.
        reason: Reason,
    },
}
