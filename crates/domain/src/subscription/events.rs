//! What can happen to a subscription.

use serde::{Deserialize, Serialize};

use crate::{ApplicationId, InvitationId, OrganizationId, Reason, RegistrationId};

/// What can happen to a subscription of an organization to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum SubscriptionEvent {
    /// It was asked for and waits for review.
    #[serde(rename = "subscription.requested.v1")]
    Requested {
        /// By which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// What led to it.
        origin: SubscriptionOrigin,
    },
    /// The organization is subscribed.
    #[serde(rename = "subscription.activated.v1")]
    Activated {
        /// Which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// What led to it.
        origin: SubscriptionOrigin,
    },
    /// It was denied.
    #[serde(rename = "subscription.denied.v1")]
    Denied {
        /// To which organization.
        organization: OrganizationId,
        /// For which application.
        application: ApplicationId,
        /// Why.
        reason: Reason,
    },
    /// It ended.
    #[serde(rename = "subscription.ended.v1")]
    Ended {
        /// Of which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// Why.
        reason: Reason,
    },
}

/// What led to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionOrigin {
    /// The approval of the organization.
    Registration(RegistrationId),
    /// An accepted offer.
    Invitation(InvitationId),
    /// The organization's administrator, from inside the account.
    Account,
}
