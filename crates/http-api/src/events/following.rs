//! Reads events page by page, and waits for more.

use std::time::Duration;

use projection_runtime::{Changes, Position};
use public_feed::Entry;

use crate::downstream::Consumer;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// A consumer on its way through the events. Holds nothing of the database between pages.
pub(super) struct Following {
    pub(super) services: Services,
    consumer: Consumer,
    /// The last position that it was told of.
    pub(super) after: Position,
    changes: Changes,
}

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// There may be more.
    More,
    /// Nothing came in time.
    InVain,
    /// The service stops.
    Stopping,
}

impl Following {
    pub(super) fn new(services: Services, consumer: Consumer, after: Position) -> Self {
        let changes = services.views.public_feed.changes();
        Self { services, consumer, after, changes }
    }

    /// The next events that the consumer is told, as it may be told now, at most `limit`; and what position the answer is good for.
    ///
    /// # Errors
    /// 401 once the consumer's token or the service itself is no more; 503 if the read model cannot be read.
    pub(super) async fn page(&mut self, at: ReadAt, limit: u32) -> Result<(Vec<Entry>, Position), Problem> {
        self.consumer.again(&self.services).await?;
        let mut view = self.services.read(&self.services.views.public_feed, at).await?;
        let entries = public_feed::page(view.rows(), self.after, limit, &self.consumer.scope).await.map_err(broken)?;
        if let Some(last) = entries.last() {
            self.after = last.position;
        }
        Ok((entries, view.position()))
    }

    /// Waits until there may be more than at the last page, at most this long.
    pub(super) async fn more(&mut self, patience: Duration) -> Waited {
        tokio::select! {
            () = self.services.downstream.stop.cancelled() => Waited::Stopping,
            waited = tokio::time::timeout(patience, self.changes.changed()) => match waited {
                Ok(true) => Waited::More,
                Ok(false) => Waited::Stopping,
                Err(_) => Waited::InVain,
            },
        }
    }
}
