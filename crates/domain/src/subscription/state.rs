//! What the events of a subscription fold to.

use super::SubscriptionOrigin;
use crate::{ApplicationId, OrganizationId};

/// Where a subscription stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Nobody asked for it yet.
    #[default]
    NotRequested,
    /// It was asked for and waits for review.
    Requested(Subscribed),
    /// The organization is subscribed.
    Active(Subscribed),
    /// It was denied; it can be asked for again.
    Denied(Subscribed),
    /// It ended; it can be asked for again.
    Ended(Subscribed),
}

/// Who subscribes to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscribed {
    /// Which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
    /// What led to it, the last time.
    pub origin: SubscriptionOrigin,
}

impl SubscriptionState {
    /// Who subscribes to what; none if nobody asked yet.
    #[must_use]
    pub fn subscribed(&self) -> Option<&Subscribed> {
        match self {
            Self::NotRequested => None,
            Self::Requested(subscribed) | Self::Active(subscribed) | Self::Denied(subscribed) | Self::Ended(subscribed) => Some(subscribed),
        }
    }

    /// Whether the organization is subscribed.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match self {
            Self::Active(_) => true,
            Self::NotRequested | Self::Requested(_) | Self::Denied(_) | Self::Ended(_) => false,
        }
    }
}
