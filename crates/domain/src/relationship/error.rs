//! Which rules a command to a partner relationship can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command to a partner relationship broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelationshipRejection {
    /// There is none.
    #[error("There is no such relationship.")]
    NotFound,
    /// It takes two.
    #[error("An organization has no partner relationship with itself.")]
    WithItself,
}

impl Rejection for RelationshipRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::WithItself => RejectionKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "relationship-not-found",
            Self::WithItself => "relationship-with-itself",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::WithItself => Some("/partner".to_owned()),
            Self::NotFound => None,
        }
    }
}
