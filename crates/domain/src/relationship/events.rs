//! What can happen to a partner relationship.

use serde::{Deserialize, Serialize};

use crate::{OrganizationId, Reason};

/// What can happen to the relationship of an organization with a partner. It belongs to the partner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum RelationshipEvent {
    /// The organization registered, or accepted an offer, on the partner's invitation.
    #[serde(rename = "relationship.established.v1")]
    Established {
        /// The organization.
        organization: OrganizationId,
        /// The partner.
        partner: OrganizationId,
    },
    /// The partner ended it.
    #[serde(rename = "relationship.ended.v1")]
    Ended {
        /// The organization.
        organization: OrganizationId,
        /// The partner.
        partner: OrganizationId,
        /// Why.
        reason: Reason,
    },
}
