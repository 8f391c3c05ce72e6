//! What can happen to a member of the operator's staff.

use serde::{Deserialize, Serialize};

use crate::registration::Affiliation;
use crate::{Contact, Personal, Reason, StaffRole};

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
    /// They left the staff.
    #[serde(rename = "staff.dismissed.v1")]
    Dismissed {
        /// Why.
        reason: Reason,
    },
}
