//! What can happen to the personal data of a person.

use serde::{Deserialize, Serialize};

use crate::{Reason, ServiceId};

/// What can happen to the personal data of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum PersonEvent {
    /// The person is to be forgotten; the key is destroyed next.
    #[serde(rename = "person.forgetting_started.v1")]
    ForgettingStarted {
        /// Why.
        reason: Reason,
    },
    /// The key is destroyed: everything recorded about the person reads as erased.
    #[serde(rename = "person.forgotten.v1")]
    Forgotten {},
    /// A downstream service says that it keeps nothing of the person any more.
    #[serde(rename = "person.erasure_acknowledged.v1")]
    ErasureAcknowledged {
        /// Which.
        service: ServiceId,
    },
}
