//! What can be asked about a member of the operator's staff.

use crate::registration::Affiliation;
use crate::{Contact, CredentialId, Personal, Reason, ReservationId, StaffRole, UserId};

/// What can be asked about a member of the operator's staff.
#[derive(Debug, Clone)]
pub enum StaffCommand {
    /// Takes somebody onto the staff.
    AppointStaff {
        /// How to reach them.
        contact: Personal<Contact>,
        /// Their roles. At least one.
        roles: Vec<StaffRole>,
    },
    /// Gives a role.
    GrantStaffRole {
        /// Which.
        role: StaffRole,
    },
    /// Takes a role.
    RevokeStaffRole {
        /// Which.
        role: StaffRole,
        /// Why.
        reason: Reason,
    },
    /// Declares the organizations that they belong to.
    DeclareAffiliations {
        /// All of them.
        affiliations: Vec<Affiliation>,
    },
    /// Opens their account, or issues a new one-time password for it.
    IssueStaffOneTimePassword {
        /// The User ID, reserved; the same as long as they are on the staff.
        user_id: UserId,
        /// In the vault.
        one_time_password: CredentialId,
    },
    /// Uses the one-time password; the handler has verified it.
    RedeemStaffOneTimePassword {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// Notes that the vault has ended it after wrong guesses.
    LockStaffOneTimePassword {
        /// Which one.
        one_time_password: CredentialId,
    },
    /// Sets the first password, or a new one.
    SetStaffPassword {
        /// In the vault.
        password: CredentialId,
    },
    /// Notes that a second factor works: the handler has seen it.
    AddStaffSecondFactor {
        /// In the vault.
        credential: CredentialId,
    },
    /// Takes a second factor away; the only one never.
    RemoveStaffSecondFactor {
        /// Which.
        credential: CredentialId,
    },
    /// Takes all second factors away, as an administrator does for who has lost them.
    ResetStaffSecondFactors {},
    /// Lets them sign in by the operator's identity provider.
    LinkStaffIdentity {
        /// Names who they are there: the reservation of issuer and subject, taken for them.
        identity: ReservationId,
    },
    /// Lets them do so no more.
    UnlinkStaffIdentity {},
    /// Ends their membership.
    DismissStaff {
        /// Why.
        reason: Reason,
    },
}
