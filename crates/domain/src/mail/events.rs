//! What can become of a mail.

use serde::{Deserialize, Serialize};

use crate::EventId;

/// What can become of a mail that was owed (architecture, rule 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum MailEvent {
    /// A server (or the maildir) took it.
    #[serde(rename = "mail.sent.v1")]
    Sent {
        /// The event that it was owed for.
        cause: EventId,
        /// Which template.
        template: String,
        /// The attempts that it took.
        attempts: u32,
    },
    /// A server refused it for good.
    #[serde(rename = "mail.refused.v1")]
    Refused {
        /// The event that it was owed for.
        cause: EventId,
        /// Which template.
        template: String,
        /// The server's code and words, without addresses.
        answer: String,
        /// The attempts that it took.
        attempts: u32,
    },
    /// It could not be delivered in time, or its recipient was forgotten.
    #[serde(rename = "mail.given_up.v1")]
    GivenUp {
        /// The event that it was owed for.
        cause: EventId,
        /// Which template.
        template: String,
        /// What went wrong last.
        reason: String,
        /// The attempts that it took.
        attempts: u32,
    },
}
