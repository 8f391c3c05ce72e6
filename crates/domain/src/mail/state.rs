//! What the events of a mail fold to.

use super::MailEvent;

/// What has become of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum MailState {
    /// Nothing yet: it is owed.
    #[default]
    Owed,
    /// This. It stands.
    Settled(MailEvent),
}

impl MailState {
    /// What has become of it; none as long as it is owed.
    #[must_use]
    pub fn fate(&self) -> Option<&MailEvent> {
        match self {
            Self::Owed => None,
            Self::Settled(fate) => Some(fate),
        }
    }
}
