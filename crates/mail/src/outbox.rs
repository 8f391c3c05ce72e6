//! The outbox as the dispatcher sees it.

use std::time::Duration;

use async_trait::async_trait;
use domain::MailId;
use notification_dispatch::{Cursor, Mail, OutboxError, Owed};
use projection_runtime::{Position, ViewError, Views};

/// How long to wait for the read model when it is busy, before saying so and waiting again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which mails are owed. Reads the live version of the read model.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Returns once the outbox can be read and has got to this position, however long that takes.
    async fn caught_up(&self, position: Position) {
        while self.applied() < position {
            self.moved_beyond(self.applied()).await;
        }
    }

    /// The position in the log that the outbox has got to.
    fn applied(&self) -> Position;

    /// Returns once the outbox has got beyond this position.
    async fn moved_beyond(&self, position: Position);

    /// Owed mails after this place, in the order of their causes, at most `limit`.
    ///
    /// # Errors
    /// [`OutboxError`] when the read model cannot be read.
    async fn owed_after(&self, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError>;

    /// Mails as they are now, in any order; those that are not there are left out.
    ///
    /// # Errors
    /// [`OutboxError`] when the read model cannot be read.
    async fn mails(&self, ids: &[MailId]) -> Result<Vec<Mail>, OutboxError>;
}

/// The views of `notification-dispatch`, as the projection runtime has them.
#[async_trait]
impl Outbox for Views {
    async fn caught_up(&self, position: Position) {
        let mut changes = self.changes();
        while let Err(problem) = self.read(Some(position), PATIENCE).await {
            tracing::warn!(problem = crate::text::causes(&problem), "no mail is sent yet: the outbox is not up to date");
            // At a change it is worth looking again, and now and then without one.
            if let Ok(false) = tokio::time::timeout(PATIENCE, changes.changed()).await {
                never().await;
            }
        }
    }

    fn applied(&self) -> Position {
        self.position()
    }

    async fn moved_beyond(&self, position: Position) {
        let mut changes = self.changes();
        while self.position() <= position {
            if !changes.changed().await {
                never().await;
            }
        }
    }

    async fn owed_after(&self, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError> {
        let mut view = self.read(None, PATIENCE).await.map_err(unreadable)?;
        notification_dispatch::owed_after(view.rows(), after, limit).await
    }

    async fn mails(&self, ids: &[MailId]) -> Result<Vec<Mail>, OutboxError> {
        let mut view = self.read(None, PATIENCE).await.map_err(unreadable)?;
        notification_dispatch::by_ids(view.rows(), ids).await
    }
}

fn unreadable(error: ViewError) -> OutboxError {
    match error {
        ViewError::Unavailable { name: _, source } => OutboxError::Database(source),
        error @ ViewError::NotYet { .. } => OutboxError::Unreadable(error.to_string()),
    }
}

/// The runtime is gone and nothing will move any more: whoever waits here is about to be told to stop, too.
async fn never() {
    std::future::pending::<()>().await;
}
