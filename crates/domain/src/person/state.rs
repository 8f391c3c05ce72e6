//! What the events of a person's data fold to.

/// Whether the personal data of a person can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PersonState {
    /// It can.
    #[default]
    Known,
    /// The key is being destroyed; nothing shows the data any more.
    Forgetting,
    /// The key is gone.
    Forgotten,
}

impl PersonState {
    /// Whether the data may still be read and written.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Known => true,
            Self::Forgetting | Self::Forgotten => false,
        }
    }
}
