//! What can be asked about the personal data of a person.

use crate::Reason;

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
}
