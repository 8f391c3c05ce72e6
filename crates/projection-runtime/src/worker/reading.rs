//! A read model that another instance keeps: its rows are read as far as they have come, whichever build answers.

use std::sync::Arc;

use super::Worker;
use crate::build::RebuildError;
use crate::lease::Fence;
use crate::postgres::catalogue::Entry;
use crate::readers::Readers;
use crate::shelf::Found;

impl Worker {
    /// Reads until the lease is held: by which fence. None: the runtime stops.
    pub(super) async fn follow(&mut self) -> Option<Fence> {
        if let Some(told) = &mut self.told {
            told.news.mark_changed();
        }
        loop {
            let told = self.told.as_mut();
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                fence = self.lease.acquired() => return Some(fence),
                Some(order) = self.orders.recv() => drop(order.send(Err(RebuildError::Elsewhere))),
                Some(news) = async { told?.hear().await } => match news {
                    Ok(entry) => self.see(entry),
                    Err(why) => self.board.wait(self.board.position(), why.to_string()),
                },
            }
        }
    }

    /// Goes along with what the catalogue says.
    fn see(&mut self, entry: Option<Entry>) {
        let Some(Entry { build, position, failed, .. }) = entry else {
            self.shown = None;
            self.leave(self.board.hide());
            return;
        };
        if self.shown.as_ref() != Some(&build) {
            let before = self.show(&Found { build, position });
            self.leave(before);
        }
        self.board.follow(position, failed);
    }

    /// Lets those who read go on until they are done.
    fn leave(&self, readers: Option<Readers>) {
        let Some(readers) = readers else { return };
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = readers.close() => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// What is shown now, if it is this.
    pub(super) fn shows(&self, found: &Found) -> bool {
        self.shown.as_ref() == Some(&found.build)
    }

    /// Shows this, if it is not shown yet.
    pub(super) fn show_if_new(&mut self, found: &Found) {
        if !self.shows(found) {
            let before = self.show(found);
            self.leave(before);
        }
    }

    /// What this worker builds with.
    pub(super) fn projection(&self) -> Arc<dyn crate::Projection> {
        self.builder.projection.clone()
    }
}
