//! What the endpoints for downstream services share.

mod consumer;
mod details;
mod slots;

use std::path::PathBuf;
use std::sync::Arc;

use public_feed::Origin;
use tokio_util::sync::CancellationToken;

pub(crate) use consumer::Consumer;
pub(crate) use details::as_told;
pub(crate) use slots::{Slot, Slots};

/// What events are told with, and within which bounds.
#[derive(Debug, Clone)]
pub struct Downstream {
    /// What is the same in all envelopes: over NATS as over HTTP.
    pub origin: Origin,
    /// Where snapshots are put together: a folder on a disk with room for them.
    pub spool: PathBuf,
    /// Told when the service stops: whoever follows is let go.
    pub stop: CancellationToken,
    /// Who waits for events.
    pub(crate) followers: Arc<Slots>,
    /// Who fetches a snapshot.
    pub(crate) snapshots: Arc<Slots>,
}

impl Downstream {
    /// With the default bounds: 4 streams or waiting requests of one service and 256 of all; 2 snapshots at a time for one and 4 for all.
    #[must_use]
    pub fn new(origin: Origin, spool: PathBuf, stop: CancellationToken) -> Self {
        Self { origin, spool, stop, followers: Slots::new(4, 256), snapshots: Slots::new(2, 4) }
    }
}
