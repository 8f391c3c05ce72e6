//! How a log is opened.

use std::time::Duration;

use event_store::Clock;

/// How a log is opened. [`Options::new`] gives what is right for serving.
#[derive(Clone)]
pub struct Options {
    /// Where the recorded time comes from.
    pub clock: Clock,
    /// The most reads at one time, each on a connection of its own; at least 1.
    pub readers: usize,
    /// The most appends in one transaction; at least 1.
    pub batch_appends: usize,
    /// A transaction takes no further append once its events have this many bytes.
    pub batch_bytes: usize,
    /// The most appends in the queue: further ones are answered `Unavailable` at once.
    pub queue_appends: usize,
    /// The most bytes of events in the queue: further appends are answered `Unavailable` at once.
    pub queue_bytes: usize,
    /// Of how many streams the writer remembers the newest version; those of others it looks up.
    pub remembered_streams: usize,
    /// How long the database may stay away before appends are answered that it is: until then, the writer reconnects and finds out what
    /// became of what it had sent.
    pub patience: Duration,
    /// How often at least it is looked whether other instances have appended. Mostly they tell at once.
    pub look_every: Duration,
}

impl Options {
    /// Up to 1,024 appends or 4 MiB in a transaction, up to 65,536 appends or 64 MiB waiting, 4 readers, 5 s of patience, 4 looks a second.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            readers: 4,
            batch_appends: 1024,
            batch_bytes: 4 << 20,
            queue_appends: 65_536,
            queue_bytes: 64 << 20,
            remembered_streams: 65_536,
            patience: Duration::from_secs(5),
            look_every: Duration::from_millis(250),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("readers", &self.readers).field("patience", &self.patience).finish_non_exhaustive()
    }
}
