//! What can be asked of an organization.

use crate::registration::Reviewer;
use crate::{OrganizationId, OrganizationProfile, PersonId, Reason, RegistrationId};

/// What can be asked of an organization.
#[derive(Debug, Clone)]
pub enum OrganizationCommand {
    /// Registers it, after its case was approved and the approval took effect.
    ApproveOrg {
        /// The case.
        registration: RegistrationId,
        /// Its profile.
        profile: OrganizationProfile,
        /// Its first administrators. At least one.
        administrators: Vec<PersonId>,
    },
    /// Changes its profile; becomes a request where legal name, country or identifiers change.
    AmendProfile {
        /// All of it as it shall be.
        profile: OrganizationProfile,
    },
    /// Approves the change that waits.
    ApproveAmendment {
        /// The id of the organization, by which a reviewer may belong to it.
        id: OrganizationId,
        /// By whom.
        reviewer: Reviewer,
        /// Why.
        reason: Reason,
    },
    /// Refuses the change that waits.
    RefuseAmendment {
        /// The id of the organization, by which a reviewer may belong to it.
        id: OrganizationId,
        /// By whom.
        reviewer: Reviewer,
        /// Why.
        reason: Reason,
    },
    /// Suspends it.
    SuspendOrg {
        /// Why.
        reason: Reason,
    },
    /// Lifts the suspension.
    ReinstateOrg {
        /// Why.
        reason: Reason,
    },
    /// Closes it for good.
    CloseOrg {
        /// Why.
        reason: Reason,
    },
    /// Makes a user an administrator.
    AddAdministrator {
        /// Who.
        administrator: PersonId,
        /// Whether their account is established (first-time login done).
        established: bool,
    },
    /// Notes that an administrator's account is established.
    EstablishAdministrator {
        /// Who.
        administrator: PersonId,
    },
    /// Takes the role from an administrator, or notes that they are suspended or closed. Refused for the last active one.
    RemoveAdministrator {
        /// Who.
        administrator: PersonId,
        /// Why.
        reason: Reason,
    },
    /// Notes that nobody can act as an administrator any more, since they were forgotten: also as the last active one.
    LoseAdministrator {
        /// Who.
        administrator: PersonId,
        /// Why.
        reason: Reason,
    },
}
