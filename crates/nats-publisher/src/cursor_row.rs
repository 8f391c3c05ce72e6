//! How far the publisher has come, where several instances see it: a row in PostgreSQL.

use std::time::Duration;

use postgres_schema::Step;
use projection_runtime::Fence;
use sqlx::{PgPool, Row};

use crate::cursor::{Cursor, CursorError};
use crate::settings::StreamName;

/// Makes the table of cursors in the schema that several instances share.
pub const CURSORS: Step = Step {
    number: 15,
    name: "cursors of the publisher",
    sql: "CREATE TABLE publisher_cursor (
        stream TEXT NOT NULL PRIMARY KEY,
        cursor TEXT NOT NULL,
        fence BIGINT NOT NULL
    )",
};

/// The cursor of one stream, as a row that the step [`CURSORS`] has made the table for.
#[derive(Debug, Clone)]
pub struct CursorRow {
    pool: PgPool,
    stream: String,
}

/// The cursor, and that from now on it belongs to this fence, if it belonged to a smaller one.
const CLAIM: &str = "
    WITH claimed AS (
        UPDATE publisher_cursor SET fence = $2 WHERE stream = $1 AND fence < $2 RETURNING cursor, fence
    )
    SELECT cursor, fence FROM claimed
    UNION ALL
    SELECT cursor, fence FROM publisher_cursor WHERE stream = $1 AND NOT EXISTS (SELECT FROM claimed)";

const READ: &str = "SELECT cursor, fence FROM publisher_cursor WHERE stream = $1";

/// Refused where it belongs to a greater fence.
const WRITE: &str = "
    INSERT INTO publisher_cursor (stream, cursor, fence) VALUES ($1, $2, $3)
    ON CONFLICT (stream) DO UPDATE SET cursor = excluded.cursor, fence = excluded.fence
    WHERE publisher_cursor.fence <= excluded.fence";

/// It goes on to belong to whom it belongs.
const REPAIR: &str = "
    INSERT INTO publisher_cursor (stream, cursor, fence) VALUES ($1, $2, 0)
    ON CONFLICT (stream) DO UPDATE SET cursor = excluded.cursor";

/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(5);

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

impl CursorRow {
    /// In this schema.
    #[must_use]
    pub fn new(pool: PgPool, stream: &StreamName) -> Self {
        Self { pool, stream: stream.to_string() }
    }

    /// The cursor; none if the stream has never been published to. Read under a fence it is refused to smaller ones from now on.
    ///
    /// # Errors
    /// [`CursorError`]; among them that it belongs to a greater fence.
    pub async fn read(&self, fence: Option<Fence>) -> Result<Option<Cursor>, CursorError> {
        let read = match fence {
            Some(Fence(fence)) => sqlx::query(CLAIM).bind(&self.stream).bind(fence),
            None => sqlx::query(READ).bind(&self.stream),
        };
        let read = in_time(read.fetch_optional(&self.pool)).await;
        let Some(row) = read.map_err(|source| self.failed(source))? else { return Ok(None) };
        let (text, of): (String, i64) =
            (row.try_get(0).map_err(|source| self.failed(source))?, row.try_get(1).map_err(|source| self.failed(source))?);
        if fence.is_some_and(|Fence(own)| of > own) {
            return Err(CursorError::Superseded { stream: self.stream.clone() });
        }
        let damaged = |source| CursorError::Damaged { place: self.place(), source };
        serde_json::from_str(&text).map(Some).map_err(damaged)
    }

    /// Replaces the cursor, durably. Without a fence it is an operator's repair.
    ///
    /// # Errors
    /// [`CursorError`]; among them that it belongs to a greater fence.
    pub async fn write(&self, cursor: &Cursor, fence: Option<Fence>) -> Result<(), CursorError> {
        let text = serde_json::to_string(cursor).map_err(|source| CursorError::Damaged { place: self.place(), source })?;
        let write = match fence {
            Some(Fence(fence)) => sqlx::query(WRITE).bind(&self.stream).bind(text).bind(fence),
            None => sqlx::query(REPAIR).bind(&self.stream).bind(text),
        };
        let written = in_time(write.execute(&self.pool)).await.map_err(|source| self.failed(source))?;
        if written.rows_affected() == 0 {
            return Err(CursorError::Superseded { stream: self.stream.clone() });
        }
        Ok(())
    }

    fn place(&self) -> String {
        format!("the publisher's row {} in PostgreSQL", self.stream)
    }

    fn failed(&self, source: sqlx::Error) -> CursorError {
        CursorError::Row { stream: self.stream.clone(), source }
    }
}
