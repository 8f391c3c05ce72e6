//! The durable places of consumers in the log: `<data>/consumers.db`.

use std::path::Path;

use event_store::{Epoch, Position};
use sqlx::{AnyConnection, Connection, Row};
use tokio::sync::Mutex;

use crate::database;

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS consumer (
    name TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    epoch TEXT NOT NULL,
    failed_position BIGINT,
    failed_reason TEXT
)";

/// The places of all consumers. One connection: each is written once for many events.
pub(crate) struct Cursors {
    /// None once closed.
    db: Mutex<Option<AnyConnection>>,
    epoch: String,
}

impl Cursors {
    pub(crate) async fn open(path: &Path, epoch: Epoch) -> Result<Self, sqlx::Error> {
        let mut db = database::open_or_create(path).await?;
        sqlx::query(SCHEMA).execute(&mut db).await?;
        Ok(Self { db: Mutex::new(Some(db)), epoch: epoch.0.to_string() })
    }

    /// Where this consumer is in this history of the log; none if it has no place in it. A place beyond `head` is none: the log
    /// lost its end, and other events may come to be there.
    pub(crate) async fn load(&self, name: &str, head: Position) -> Result<Option<Position>, sqlx::Error> {
        let mut db = self.db.lock().await;
        let db = db.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        let row = sqlx::query("SELECT position FROM consumer WHERE name = $1 AND epoch = $2")
            .bind(name)
            .bind(&*self.epoch)
            .fetch_optional(db)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let position = Position(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0));
        Ok((position <= head).then_some(position))
    }

    /// Keeps the place of a consumer, and the event that it cannot handle if there is one.
    pub(crate) async fn save(&self, name: &str, position: Position, failed: Option<(Position, &str)>) -> Result<(), sqlx::Error> {
        let mut db = self.db.lock().await;
        let db = db.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        sqlx::query(
            "INSERT INTO consumer (name, position, epoch, failed_position, failed_reason) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (name) DO UPDATE SET position = excluded.position, epoch = excluded.epoch,
                failed_position = excluded.failed_position, failed_reason = excluded.failed_reason",
        )
        .bind(name)
        .bind(stored(position))
        .bind(&*self.epoch)
        .bind(failed.map(|(at, _)| stored(at)))
        .bind(failed.map(|(_, reason)| reason.to_owned()))
        .execute(db)
        .await?;
        Ok(())
    }

    /// No place is kept from now on.
    pub(crate) async fn close(&self) -> Result<(), sqlx::Error> {
        match self.db.lock().await.take() {
            Some(db) => db.close().await,
            None => Ok(()),
        }
    }
}

fn stored(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}
