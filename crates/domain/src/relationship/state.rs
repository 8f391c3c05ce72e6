//! What the events of a partner relationship fold to.

use crate::OrganizationId;

/// Where the relationship of an organization with a partner stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RelationshipState {
    /// There is none.
    #[default]
    None,
    /// The organization registered, or accepted an offer, on the partner's invitation.
    Established(Parties),
    /// The partner ended it.
    Ended(Parties),
}

/// Between whom it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parties {
    /// The organization.
    pub organization: OrganizationId,
    /// The partner, to whom it belongs.
    pub partner: OrganizationId,
}

impl RelationshipState {
    /// Between whom it is; none before it was established.
    #[must_use]
    pub fn parties(&self) -> Option<&Parties> {
        match self {
            Self::None => None,
            Self::Established(parties) | Self::Ended(parties) => Some(parties),
        }
    }
}
