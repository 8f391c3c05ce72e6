//! The feed over the read model `public-feed`.

use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use projection_runtime::Views;
use public_events::{Envelope, Position};
use public_feed::{Origin, Scope};
use uuid::Uuid;

use crate::feed::{Feed, FeedError};

/// How long the read model may take to be readable, while it is built or swapped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Public events from the read model `public-feed`.
pub struct ReadModelFeed {
    views: Views,
    origin: Origin,
}

impl ReadModelFeed {
    /// From the views of `public-feed`, rendered as those of `origin`.
    #[must_use]
    pub fn new(views: Views, origin: Origin) -> Self {
        Self { views, origin }
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, Box<dyn std::error::Error + Send + Sync>> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let mut view = self.views.read(None, PATIENCE).await?;
        let entries = public_feed::page(view.rows(), projection_runtime::Position(after.0), limit, &Scope::Everything).await?;
        drop(view);
        Ok(entries.iter().map(|entry| entry.envelope(&self.origin)).collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl Feed for ReadModelFeed {
    fn epoch(&self) -> Uuid {
        self.origin.epoch
    }

    fn reached(&self) -> Position {
        Position(self.views.position().0)
    }

    async fn page(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, FeedError> {
        self.read(after, limit).await.map_err(FeedError)
    }

    async fn moved(&self, after: Position) {
        let mut changes = self.views.changes();
        // Asked first what came between the last page and now. Whoever cannot read now learns why from the next page.
        while self.read(after, 1).await.is_ok_and(|events| events.is_empty()) {
            if !changes.changed().await {
                pending::<()>().await;
            }
        }
    }
}
