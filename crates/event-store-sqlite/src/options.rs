//! How a log is opened.

use event_store::Clock;

/// What an acknowledgement is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// On disk: `synchronous=FULL`. The only one to serve with.
    #[default]
    Full,
    /// Handed to the operating system only (`synchronous=OFF`): survives `kill -9`, loses acknowledged events when the
    /// power goes. It is here so that the power-cut test can prove that it would notice.
    UnsafeForPowerCutTests,
}

/// How a log is opened. [`Options::new`] gives what is right for serving.
#[derive(Clone)]
pub struct Options {
    /// Where the recorded time comes from.
    pub clock: Clock,
    /// What an acknowledgement is worth.
    pub durability: Durability,
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
    /// The most pages (of 8 KiB) that the file may have: what does not fit is answered `Unavailable`, as on a full disk.
    pub max_pages: Option<u32>,
}

impl Options {
    /// Durable, up to 1,024 appends or 4 MiB in a transaction, up to 65,536 appends or 64 MiB waiting, 4 readers.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            durability: Durability::Full,
            readers: 4,
            batch_appends: 1024,
            batch_bytes: 4 << 20,
            queue_appends: 65_536,
            queue_bytes: 64 << 20,
            remembered_streams: 65_536,
            max_pages: None,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("durability", &self.durability).field("max_pages", &self.max_pages).finish_non_exhaustive()
    }
}
