//! How the dispatcher works.

use std::time::Duration;

use super::Retry;

/// How the dispatcher works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DispatcherSettings {
    /// How many mails are on their way at once; at least 1. A transport that takes many together is given one parcel at a time.
    pub at_once: usize,
    /// How long one attempt may take in all before it counts as failed. Longer than the transport's own time limits, which say
    /// better what went wrong.
    pub send_timeout: Duration,
    /// When a mail is tried again, and until when.
    pub retry: Retry,
}

impl Default for DispatcherSettings {
    /// Eight at once, five minutes for an attempt, and the default [`Retry`].
    fn default() -> Self {
        Self { at_once: 8, send_timeout: Duration::from_mins(5), retry: Retry::default() }
    }
}
