//! Names of streams.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// The kind of a stream, such as `registration`: lower-case ASCII letters and `_`, 1 to 31 bytes.
pub type StreamName = Arc<str>;

/// Names one stream: the kind of aggregate and which one. Written `registration-0198c2…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    /// The kind of aggregate.
    pub category: StreamName,
    /// Which one.
    pub key: Uuid,
}

impl StreamId {
    /// A stream of this kind and key.
    #[must_use]
    pub fn new(category: impl Into<StreamName>, key: Uuid) -> Self {
        Self { category: category.into(), key }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.category, self.key)
    }
}
