//! What can happen to an organization.

use serde::{Deserialize, Serialize};

use crate::{OrganizationProfile, PersonId, Reason, RegistrationId, StaffId};

/// What can happen to an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum OrganizationEvent {
    /// It was approved: it is registered from now on.
    #[serde(rename = "organization.approved.v1")]
    Approved {
        /// The case that it was approved in.
        registration: RegistrationId,
        /// Its profile.
        profile: OrganizationProfile,
        /// Its first administrators, whose accounts are being created.
        administrators: Vec<PersonId>,
    },
    /// The part of its profile that needs no review changed.
    #[serde(rename = "organization.profile_amended.v1")]
    ProfileAmended {
        /// All of it as it is now.
        profile: OrganizationProfile,
    },
    /// A change of legal name, country or identifiers was asked for; it waits for review. Version 1 did not say who asked.
    #[serde(rename = "organization.amendment_requested.v2", alias = "organization.amendment_requested.v1")]
    AmendmentRequested {
        /// The profile as it would be.
        profile: OrganizationProfile,
        /// Which user asked, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requested_by: Option<PersonId>,
    },
    /// The change was approved.
    #[serde(rename = "organization.amendment_approved.v1")]
    AmendmentApproved {
        /// By whom.
        reviewer: StaffId,
        /// All of the profile as it is now.
        profile: OrganizationProfile,
        /// Why.
        reason: Reason,
    },
    /// The change was refused.
    #[serde(rename = "organization.amendment_refused.v1")]
    AmendmentRefused {
        /// By whom.
        reviewer: StaffId,
        /// Why.
        reason: Reason,
    },
    /// It was suspended: nobody of it can sign in.
    #[serde(rename = "organization.suspended.v1")]
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// The suspension was lifted.
    #[serde(rename = "organization.reinstated.v1")]
    Reinstated {
        /// Why.
        reason: Reason,
    },
    /// It was closed, for good.
    #[serde(rename = "organization.closed.v1")]
    Closed {
        /// Why.
        reason: Reason,
    },
    /// A user was made administrator.
    #[serde(rename = "organization.administrator_added.v1")]
    AdministratorAdded {
        /// Who.
        administrator: PersonId,
    },
    /// An administrator's account was established: they can act.
    #[serde(rename = "organization.administrator_established.v1")]
    AdministratorEstablished {
        /// Who.
        administrator: PersonId,
    },
    /// An administrator is one no more, or cannot act any more; never the last active one.
    #[serde(rename = "organization.administrator_removed.v1")]
    AdministratorRemoved {
        /// Who.
        administrator: PersonId,
        /// Why.
        reason: Reason,
    },
}
