//! A read model by itself.

use std::path::Path;
use std::sync::Arc;

use event_codec::Envelope;
use event_store::{Epoch, Position};
use jiff::Timestamp;
use postgres_schema::{Limits, SchemaError, Server};
use sqlx::{Connection, PgConnection};

use crate::apply::{Failed, Stop, Transact, apply_once};
use crate::sql::{Cell, Database};
use crate::tables::{Tables, Twin};
use crate::{Digest, Projection, ProjectionError, checkpoint, database, digest};

/// A read model in a database of its own, which gets events by hand instead of from a log: to test a projection, or to look at
/// rows outside a service.
pub struct Standalone<P> {
    projection: P,
    rows: Rows,
}

enum Rows {
    Sqlite(rusqlite::Connection),
    Twin(Box<Twin>),
}

/// The schema that the connections of [`Standalone`] come with. The tables are temporary ones: they end with their connection.
const SCHEMA: &str = "gatehouse_standalone";

impl<P: Projection> Standalone<P> {
    /// An empty read model in a new SQLite file at `path`.
    ///
    /// # Errors
    /// When the file cannot be written or there is one already.
    pub async fn create(path: &Path, projection: P) -> Result<Self, sqlx::Error> {
        let db = database::create_alone(path, &projection, Epoch(uuid::Uuid::nil())).await?;
        Ok(Self { projection, rows: Rows::Sqlite(db) })
    }

    /// An empty read model on both engines at once, in a new file at `path` and in temporary tables of a PostgreSQL database: each
    /// statement is run on both, and fails where they do not give the same rows in the same order.
    ///
    /// # Errors
    /// When the file or the tables cannot be made.
    pub async fn create_twice(path: &Path, server: &Server, projection: P) -> Result<Self, sqlx::Error> {
        let sqlite = database::create_alone(path, &projection, Epoch(uuid::Uuid::nil())).await?;
        let schema = server.schema(SCHEMA, &[], Limits::default()).await.map_err(of_schema)?;
        let mut postgres = PgConnection::connect_with(schema.options()).await?;
        postgres.tables().define("SET search_path = pg_temp").await?;
        for statement in projection.schema() {
            postgres.tables().define(&database::in_byte_order(statement)).await?;
        }
        postgres.tables().define(checkpoint::SCHEMA).await?;
        postgres.tables().define("INSERT INTO checkpoint (name, position, epoch, applied_at) VALUES ('', 0, '', 0)").await?;
        Ok(Self { projection, rows: Rows::Twin(Box::new(Twin { sqlite, postgres })) })
    }

    /// Applies events as one batch, in one transaction with the checkpoint, as the runtime does. No events: nothing.
    ///
    /// # Errors
    /// As [`Projection::apply`].
    pub async fn apply(&mut self, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        let Some(last) = events.last() else { return Ok(()) };
        apply_once(&mut self.rows, &self.projection, events, last.recorded_at).await.map_err(|failed| match failed {
            Failed::Event(Stop { position, reason }) => ProjectionError::Unappliable { position, reason },
            Failed::Database(error) => ProjectionError::Database(error),
            Failed::Lost => ProjectionError::Database(sqlx::Error::WorkerCrashed),
        })
    }

    /// The rows, to be asked with the queries of the read model.
    pub fn rows(&mut self) -> &mut (impl Database + use<P>) {
        &mut self.rows
    }

    /// The digest of the rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn digest(&mut self) -> Result<Digest, sqlx::Error> {
        digest::digest(&mut self.rows, &self.projection).await
    }

    /// Every row as a line of text, table by table in their order: to look for what must not be in them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lines(&mut self) -> Result<Vec<String>, sqlx::Error> {
        let mut lines = Vec::new();
        for (table, order) in self.projection.tables() {
            let line = |row: &dyn crate::sql::Source| {
                let mut values = Vec::new();
                for index in 0.. {
                    match row.cell(index)? {
                        None => break,
                        Some(Cell::Null) => values.push(String::new()),
                        Some(Cell::Int(value)) => values.push(value.to_string()),
                        Some(Cell::Text(text)) => values.push(text.to_owned()),
                    }
                }
                lines.push(values.join(" | "));
                Ok(())
            };
            self.rows.tables().each(&format!("SELECT * FROM {table} ORDER BY {order}"), line).await?;
        }
        Ok(lines)
    }
}

impl Database for Rows {
    fn tables(&mut self) -> Tables<'_> {
        match self {
            Self::Sqlite(db) => db.tables(),
            Self::Twin(twin) => twin.tables(),
        }
    }
}

impl Transact for Rows {
    async fn begin(&mut self) -> Result<(), Failed> {
        Ok(self.tables().define("BEGIN").await?)
    }

    async fn commit(&mut self, position: Position, now: Timestamp) -> Result<(), sqlx::Error> {
        checkpoint::advance(self, position, now).await?;
        self.tables().define("COMMIT").await
    }

    async fn roll_back(&mut self) {
        drop(self.tables().define("ROLLBACK").await);
    }
}

fn of_schema(error: SchemaError) -> sqlx::Error {
    sqlx::Error::Configuration(error.into())
}
