//! Where a cursor is kept.

use projection_runtime::Fence;

use crate::cursor::{Cursor, CursorError, CursorFile};
use crate::cursor_row::CursorRow;

/// Where the cursor of one stream is kept: on the disk of the one process that there is, or where all instances see it.
#[derive(Debug, Clone)]
pub enum CursorPlace {
    /// A file. There is one publisher: fences are not looked at.
    File(CursorFile),
    /// A row in PostgreSQL, fenced.
    Row(CursorRow),
}

impl From<CursorFile> for CursorPlace {
    fn from(file: CursorFile) -> Self {
        Self::File(file)
    }
}

impl From<CursorRow> for CursorPlace {
    fn from(row: CursorRow) -> Self {
        Self::Row(row)
    }
}

impl CursorPlace {
    /// The cursor; none if the stream has never been published to. Without a fence it is only looked at.
    ///
    /// # Errors
    /// [`CursorError`].
    pub async fn read(&self, fence: Option<Fence>) -> Result<Option<Cursor>, CursorError> {
        match self {
            Self::File(file) => {
                let file = file.clone();
                unblocked(move || file.read()).await
            }
            Self::Row(row) => row.read(fence).await,
        }
    }

    /// Replaces the cursor, durably. Without a fence it is an operator's repair.
    ///
    /// # Errors
    /// [`CursorError`].
    pub async fn write(&self, cursor: &Cursor, fence: Option<Fence>) -> Result<(), CursorError> {
        match self {
            Self::File(file) => {
                let (file, cursor) = (file.clone(), cursor.clone());
                unblocked(move || file.write(&cursor)).await
            }
            Self::Row(row) => row.write(cursor, fence).await,
        }
    }
}

/// Does what waits for the disk where nothing else waits for it.
async fn unblocked<T: Send + 'static>(work: impl FnOnce() -> Result<T, CursorError> + Send + 'static) -> Result<T, CursorError> {
    let lost = |error: tokio::task::JoinError| CursorError::File { path: Default::default(), source: std::io::Error::other(error) };
    tokio::task::spawn_blocking(work).await.map_err(lost)?
}
