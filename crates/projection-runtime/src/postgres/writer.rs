//! The connection that writes a build, and no other's rows.

use event_store::Position;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::catalogue::Catalogue;
use super::{position, stored};
use crate::apply::{Failed, Stop, Transact};
use crate::lease::Fence;
use crate::sql::Database;
use crate::tables::Tables;

/// How long the writer may take over a statement: an index of many rows takes its time.
const STATEMENT: &str = "10min";

/// How long a writer that was paused in the middle of a transaction keeps the next one out. Then the server ends its session.
const IDLE: &str = "2s";

/// A connection to the rows of a build. It holds the build under a fence: each transaction begins with locking the build's row in the
/// catalogue, and goes no further unless the rows are where this writer left them and nobody with a greater fence was there since.
pub(crate) struct Writer {
    db: PgConnection,
    id: i64,
    fence: Fence,
    /// How far the rows have come.
    at: Position,
}

impl Writer {
    /// A connection to the rows of this schema.
    pub(super) async fn connect(catalogue: &Catalogue, schema: &str) -> Result<PgConnection, sqlx::Error> {
        let options = catalogue.options().clone().options([
            ("search_path", schema),
            ("statement_timeout", STATEMENT),
            ("idle_in_transaction_session_timeout", IDLE),
            // The newest transactions may go with the server's crash, never a part of one: the position goes with them. So it is in
            // SQLite, too.
            ("synchronous_commit", "off"),
            // A plan that was made while a table was empty must not be used when it is full.
            ("plan_cache_mode", "force_custom_plan"),
            ("jit", "off"),
        ]);
        PgConnection::connect_with(&options).await
    }

    pub(super) fn of(db: PgConnection, id: i64, fence: Fence, at: Position) -> Self {
        Self { db, id, fence, at }
    }

    /// Takes over a build: from now on whoever has a smaller fence writes it no more.
    pub(super) async fn claim(mut db: PgConnection, id: i64, fence: Fence) -> Result<Self, Failed> {
        let claim =
            "UPDATE gatehouse_views.read_model SET fence = $2 WHERE id = $1 AND fence <= $2 AND state <> 'retired' RETURNING position";
        let claimed = sqlx::query(claim).bind(id).bind(fence.0).fetch_optional(&mut db).await?;
        let at = position(claimed.ok_or(Failed::Lost)?.try_get(0)?);
        Ok(Self { db, id, fence, at })
    }

    /// How far the rows have come.
    pub(crate) fn position(&self) -> Position {
        self.at
    }

    /// Keeps for whoever looks which event could not be applied.
    pub(crate) async fn record_failure(&mut self, stop: &Stop) -> Result<(), sqlx::Error> {
        let sql = "UPDATE gatehouse_views.read_model SET failed_position = $3, failed_reason = $4 WHERE id = $1 AND fence = $2";
        let query = sqlx::query(sql).bind(self.id).bind(self.fence.0).bind(stored(stop.position)).bind(stop.reason.replace('\0', ""));
        query.execute(&mut self.db).await?;
        Ok(())
    }

    /// Tells PostgreSQL how the rows of a build that is complete are spread, so that its first readers have good plans.
    pub(crate) async fn settle(&mut self, tables: &[(&str, &str)]) -> Result<(), sqlx::Error> {
        for (table, _) in tables {
            self.db.tables().define(&format!("VACUUM (ANALYZE) {table}")).await?;
        }
        Ok(())
    }

    /// Says goodbye.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        self.db.close().await
    }

    async fn send(&mut self, sql: String) -> Result<Vec<sqlx::postgres::PgRow>, sqlx::Error> {
        // Literals of this code, and integers.
        sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut self.db).await
    }
}

impl Database for Writer {
    fn tables(&mut self) -> Tables<'_> {
        self.db.tables()
    }
}

/// Beginning and ending are one way there and back each.
impl Transact for Writer {
    async fn begin(&mut self) -> Result<(), Failed> {
        let lock = format!("BEGIN; SELECT position, fence FROM gatehouse_views.read_model WHERE id = {} FOR UPDATE", self.id);
        let rows = self.send(lock).await?;
        let row = rows.first().ok_or(Failed::Lost)?;
        let (at, fence): (i64, i64) = (row.try_get_unchecked(0)?, row.try_get_unchecked(1)?);
        if position(at) == self.at && fence <= self.fence.0 { Ok(()) } else { Err(Failed::Lost) }
    }

    async fn commit(&mut self, to: Position, now: Timestamp) -> Result<(), sqlx::Error> {
        self.send(format!(
            "UPDATE gatehouse_views.read_model
            SET position = {}, fence = {}, applied_at = {}, failed_position = NULL, failed_reason = NULL
            WHERE id = {};
            COMMIT",
            stored(to),
            self.fence.0,
            now.as_microsecond(),
            self.id
        ))
        .await?;
        self.at = to;
        Ok(())
    }

    async fn roll_back(&mut self) {
        drop(self.send("ROLLBACK".to_owned()).await);
    }
}
