//! How far a read model has come. Changes in the transaction that changes its rows.

use event_store::{Epoch, Position};
use jiff::Timestamp;
use rusqlite::OptionalExtension;

use crate::sql::Database;
use crate::table::select_column;
use crate::tables::alone;

/// One row.
pub(crate) const SCHEMA: &str = "CREATE TABLE checkpoint (
    name TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    epoch TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    failed_position BIGINT,
    failed_reason TEXT
)";

/// How far a read model has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// The last event that its rows reflect.
    pub(crate) position: Position,
    /// Of which history, as text.
    pub(crate) epoch: String,
}

fn position(stored: i64) -> Position {
    Position(u64::try_from(stored).unwrap_or(0))
}

/// Puts the checkpoint before the first event into a new database.
pub(crate) async fn create(db: &mut impl Database, name: &str, epoch: Epoch) -> Result<(), sqlx::Error> {
    db.tables().define(SCHEMA).await?;
    let sql = "INSERT INTO checkpoint (name, position, epoch, applied_at) VALUES ($1, 0, $2, 0)";
    db.tables().run(sql, vec![name.into(), epoch.0.into()]).await?;
    Ok(())
}

/// The checkpoint; none if there is no row.
pub(crate) fn read(db: &mut rusqlite::Connection) -> Result<Option<Checkpoint>, sqlx::Error> {
    let row = |row: &rusqlite::Row<'_>| Ok(Checkpoint { position: position(row.get(0)?), epoch: row.get(1)? });
    db.query_row("SELECT position, epoch FROM checkpoint", [], row).optional().map_err(alone)
}

/// The position only: what a reader needs.
pub(crate) async fn read_position(db: &mut impl Database) -> Result<Position, sqlx::Error> {
    let found: Vec<i64> = select_column(db, "SELECT position FROM checkpoint", Vec::new()).await?;
    found.first().copied().map(position).ok_or(sqlx::Error::RowNotFound)
}

/// The rows reflect the log up to here; what failed before has been overcome.
pub(crate) async fn advance(db: &mut impl Database, to: Position, at: Timestamp) -> Result<(), sqlx::Error> {
    let sql = "UPDATE checkpoint SET position = $1, applied_at = $2, failed_position = NULL, failed_reason = NULL";
    db.tables().run(sql, vec![to.into(), at.into()]).await?;
    Ok(())
}

/// Keeps for whoever looks which event could not be applied.
pub(crate) async fn record_failure(db: &mut impl Database, failed: Position, reason: &str) -> Result<(), sqlx::Error> {
    db.tables().run("UPDATE checkpoint SET failed_position = $1, failed_reason = $2", vec![failed.into(), reason.into()]).await?;
    Ok(())
}
