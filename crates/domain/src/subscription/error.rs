//! Which rules a command to a subscription can break.

use crate::registration::Tie;
use crate::{Rejection, RejectionKind};

/// A rule that a command to a subscription broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionRejection {
    /// There is none.
    #[error("There is no such subscription.")]
    NotFound,
    /// It does not wait for review.
    #[error("This subscription does not wait for review.")]
    NotRequested,
    /// The reviewer has to do with what is decided on.
    #[error("{tie}: somebody else must decide on this subscription")]
    ReviewerInvolved {
        /// In which way.
        tie: Tie,
    },
    /// It was denied or ended.
    #[error("The organization is not subscribed to this application.")]
    NotActive,
}

impl Rejection for SubscriptionRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::NotRequested | Self::NotActive => RejectionKind::Conflict,
            Self::ReviewerInvolved { .. } => RejectionKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "subscription-not-found",
            Self::NotRequested => "subscription-not-requested",
            Self::ReviewerInvolved { .. } => "reviewer-involved",
            Self::NotActive => "subscription-not-active",
        }
    }
}
