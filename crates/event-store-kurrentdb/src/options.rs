//! How a log is opened.

use std::time::Duration;

use event_store::Clock;

/// How a log is opened. [`Options::new`] gives what is right for serving.
#[derive(Clone)]
pub struct Options {
    /// Where the recorded time comes from.
    pub clock: Clock,
    /// Lets several logs share one cluster: with `acceptance`, streams are named `acceptance.case-0198c2…`. Lower-case ASCII letters,
    /// digits and `_`, at most 31; empty for none. Given once and kept, like the name of a database.
    pub namespace: String,
    /// How long the server may take to answer one request (and to send each further event of a page) before it is asked again.
    pub attempt: Duration,
    /// How long an append is tried from the moment it is queued. Then its answer is `Unavailable`, or `OutcomeUnknown` if one of the
    /// attempts may have been made.
    pub append_deadline: Duration,
    /// How long a page is tried to be read. Then the answer is `Unavailable`.
    pub read_deadline: Duration,
    /// How often it is asked whether others have appended.
    pub poll: Duration,
    /// The most appends that are with the server at one time, each to another stream; at least 1.
    pub in_flight: usize,
    /// The most events asked of the server at once; at least 1.
    pub page: usize,
    /// The most appends that wait: further ones are answered `Unavailable` at once.
    pub queue_appends: usize,
    /// The most bytes of events that wait: further appends are answered `Unavailable` at once.
    pub queue_bytes: usize,
}

impl Options {
    /// 3 s for a request, 10 s for an append, 5 s for a read; asked every 100 ms; 256 appends with the server, 65,536 or 64 MiB waiting;
    /// 512 events in a page.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            namespace: String::new(),
            attempt: Duration::from_secs(3),
            append_deadline: Duration::from_secs(10),
            read_deadline: Duration::from_secs(5),
            poll: Duration::from_millis(100),
            in_flight: 256,
            page: 512,
            queue_appends: 65_536,
            queue_bytes: 64 << 20,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("namespace", &self.namespace).field("in_flight", &self.in_flight).finish_non_exhaustive()
    }
}
