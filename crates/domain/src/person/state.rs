//! What the events of a person's data fold to.

use std::collections::BTreeSet;

use crate::ServiceId;

/// Whether the personal data of a person can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PersonState {
    /// It can.
    #[default]
    Known,
    /// The key is being destroyed; nothing shows the data any more.
    Forgetting,
    /// The key is gone.
    Forgotten {
        /// The downstream services that say that they keep nothing of the person any more.
        acknowledged_by: BTreeSet<ServiceId>,
    },
}

impl PersonState {
    /// Whether the data may still be read and written.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Known => true,
            Self::Forgetting | Self::Forgotten { .. } => false,
        }
    }
}
