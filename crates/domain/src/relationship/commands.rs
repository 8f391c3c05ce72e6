//! What can be asked of a partner relationship.

use crate::{OrganizationId, Reason};

/// What can be asked of the relationship of an organization with a partner.
#[derive(Debug, Clone)]
pub enum RelationshipCommand {
    /// Establishes it, anew if it had ended.
    EstablishRelationship {
        /// The organization.
        organization: OrganizationId,
        /// The partner.
        partner: OrganizationId,
    },
    /// Ends it.
    EndRelationship {
        /// Why.
        reason: Reason,
    },
}
