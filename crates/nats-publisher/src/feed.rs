//! Where public events come from.

use async_trait::async_trait;
use public_events::{Envelope, Position};
use uuid::Uuid;

/// The public events cannot be read now. It is tried again.
#[derive(Debug, thiserror::Error)]
#[error("the public events cannot be read")]
pub struct FeedError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Public events in the order of the log.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// Which history of the log positions belong to.
    fn epoch(&self) -> Uuid;

    /// How far in the log it has come: all public events up to here can be read. It does not go back while the service runs, except
    /// while what it reads is rebuilt.
    fn reached(&self) -> Position;

    /// The events after a position, in their order, at most `limit`. None: there are no more yet.
    ///
    /// # Errors
    /// [`FeedError`].
    async fn page(&self, after: Position, limit: usize) -> Result<Vec<Envelope>, FeedError>;

    /// Waits until there may be events after a position that [`Self::page`] has just said to be the last. May return too early.
    async fn moved(&self, after: Position);
}

/// The event at a position; none if there is none, or it is not public.
pub(crate) async fn event_at(feed: &dyn Feed, position: Position) -> Result<Option<Envelope>, FeedError> {
    let before = Position(position.0.saturating_sub(1));
    Ok(feed.page(before, 1).await?.into_iter().find(|event| event.position == position))
}
