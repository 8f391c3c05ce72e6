//! The outbox as the dispatcher sees it.

use std::sync::Arc;

use async_trait::async_trait;
use domain::MailId;
use notification_dispatch::{Cursor, Mail, OutboxError, Owed};
use projection_runtime::Position;
use sqlx::AnyPool;
use tokio::sync::watch;

/// Which mails are owed. Reads the live version of the read model.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// The position in the log that the outbox has got to.
    fn applied(&self) -> Position;

    /// Returns once the outbox has got beyond this position.
    async fn moved_beyond(&self, position: Position);

    /// Owed mails after this place, in the order of their causes.
    ///
    /// # Errors
    /// [`OutboxError`] when the read model cannot be read.
    async fn owed_after(&self, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError>;

    /// A mail as it is now.
    ///
    /// # Errors
    /// [`OutboxError`] when the read model cannot be read.
    async fn mail(&self, id: MailId) -> Result<Option<Mail>, OutboxError>;
}

/// The outbox in the database of its projection.
#[derive(Clone)]
pub struct SqlOutbox {
    live: Arc<dyn Fn() -> AnyPool + Send + Sync>,
    applied: watch::Receiver<Position>,
}

impl SqlOutbox {
    /// `live` gives the database of the live version, asked each time, since a rebuilt version takes its place; `applied` is
    /// the position that version has got to.
    pub fn new(live: impl Fn() -> AnyPool + Send + Sync + 'static, applied: watch::Receiver<Position>) -> Self {
        Self { live: Arc::new(live), applied }
    }
}

#[async_trait]
impl Outbox for SqlOutbox {
    fn applied(&self) -> Position {
        *self.applied.borrow()
    }

    async fn moved_beyond(&self, position: Position) {
        if self.applied.clone().wait_for(|applied| *applied > position).await.is_err() {
            // The read model has stopped for good: nothing will move any more. Whoever waits here is told to stop, too.
            std::future::pending::<()>().await;
        }
    }

    async fn owed_after(&self, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError> {
        let mut rows = (self.live)().acquire().await?;
        notification_dispatch::owed_after(&mut rows, after, limit).await
    }

    async fn mail(&self, id: MailId) -> Result<Option<Mail>, OutboxError> {
        let mut rows = (self.live)().acquire().await?;
        notification_dispatch::by_id(&mut rows, id).await
    }
}
