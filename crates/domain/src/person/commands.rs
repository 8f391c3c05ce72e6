//! What can be asked about the personal data of a person.

use crate::{Reason, ServiceId};

/// What can be asked about the personal data of a person.
#[derive(Debug, Clone)]
pub enum PersonCommand {
    /// Starts forgetting the person.
    ForgetPerson {
        /// Why.
        reason: Reason,
    },
    /// Notes that the key is destroyed.
    CompleteForgetting {},
    /// Notes that a downstream service says that it keeps nothing of the person any more.
    AcknowledgeErasure {
        /// Which.
        service: ServiceId,
    },
}
