//! What can be asked of a subscription.

use super::events::SubscriptionOrigin;
use crate::registration::Reviewer;
use crate::{ApplicationId, OrganizationId, Reason};

/// What can be asked of a subscription.
#[derive(Debug, Clone)]
pub enum SubscriptionCommand {
    /// Subscribes an organization to an application, or asks for it where a review is needed.
    SubscribeApp {
        /// Which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// What led to it.
        origin: SubscriptionOrigin,
        /// Whether it must be approved first.
        needs_review: bool,
    },
    /// Approves what was asked for.
    ApproveSubscription {
        /// Which member of the operator's staff does; none: the partner that owns the application.
        reviewer: Option<Reviewer>,
    },
    /// Denies what was asked for.
    DenySubscription {
        /// Which member of the operator's staff does; none: the partner that owns the application.
        reviewer: Option<Reviewer>,
        /// Why.
        reason: Reason,
    },
    /// Ends it.
    EndSubscription {
        /// Why.
        reason: Reason,
    },
}
