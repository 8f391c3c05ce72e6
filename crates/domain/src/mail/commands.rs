//! What can be recorded about a mail.

use super::events::MailEvent;

/// What can be recorded about a mail.
#[derive(Debug, Clone)]
pub enum MailCommand {
    /// Records its fate; the first one stands.
    RecordFate {
        /// What became of it.
        fate: MailEvent,
    },
}
