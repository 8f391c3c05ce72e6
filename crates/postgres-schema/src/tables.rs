//! Tables that are the same in a file (SQLite) and in a schema of PostgreSQL: carried over row by row, and compared by a digest.

use std::path::Path;

use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Postgres, QueryBuilder, Row, Sqlite, SqliteConnection};

use crate::{Schema, SchemaError};

/// A table of the same name and columns on both sides. The first column is its key, of integers or bytes.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The columns that are carried over. Those of integers are `BIGINT` in PostgreSQL, those of bytes `BYTEA`.
    pub columns: &'static [(&'static str, Kind)],
    /// How many rows are in memory at once.
    pub page: i64,
}

/// What a column holds; any of them may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers of 64 bits.
    Integer,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// What is in tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// How many rows, in all tables.
    pub rows: u64,
    /// SHA-256 over every value of every row in the order of keys, as 64 hexadecimal digits: the same for the same rows on either side.
    pub digest: String,
}

/// Why tables were not carried over.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The file refused.
    #[error("the file {file} cannot be read or written")]
    File {
        /// Which one.
        file: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The schema cannot be opened.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// PostgreSQL refused.
    #[error("the schema {schema} in {database} cannot be read or written")]
    Database {
        /// Which database.
        database: String,
        /// Which schema.
        schema: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// There is something in the schema that is not in the file.
    #[error("the schema {schema} in {database} holds something else already: copy into an empty one")]
    OtherContent {
        /// Which database.
        database: String,
        /// Which schema.
        schema: &'static str,
    },
    /// What arrived is not what was sent.
    #[error("what arrived is not what was sent (sent {sent}, arrived {arrived}): nothing was kept")]
    Different {
        /// The digest of what was sent.
        sent: String,
        /// The digest of what arrived.
        arrived: String,
    },
}

/// Copies the rows of a schema, as they are at one instant, to the empty tables of this file, durably.
///
/// # Errors
/// Either side refuses, or the copy is not the same; the file is of no use then.
pub async fn export(schema: &Schema, tables: &[Table], file: &Path) -> Result<Contents, TablesError> {
    let (database, copy) = (in_database(schema), in_file(file));
    let mut source = PgConnection::connect_with(schema.options()).await.map_err(&database)?;
    let mut target = opened(file, false).await.map_err(&copy)?;
    let mut reading = source.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(&database)?;
    let mut writing = target.begin().await.map_err(&copy)?;
    let mut sent = Tally::new();
    for table in tables {
        sent.begin(table);
        let mut after = None;
        while let Some(rows) = page_of_postgres(&mut reading, table, after).await.map_err(&database)? {
            sent.add(&rows);
            insert_into_file(&mut writing, table, &rows).await.map_err(&copy)?;
            after = rows.last().and_then(|row| row.first()).cloned();
        }
    }
    let sent = sent.done();
    // Before the comparison: the server ends a transaction in which nothing is asked for some seconds.
    reading.rollback().await.map_err(&database)?;
    let arrived = contents_of_file(&mut writing, tables).await.map_err(&copy)?;
    same(&sent, &arrived)?;
    writing.commit().await.map_err(&copy)?;
    target.close().await.map_err(&copy)?;
    Ok(sent)
}

/// Copies the rows of this file, as they are at one instant, into the tables of a schema, all or none. Where they are there already,
/// nothing is done. The first table is what the file says of itself: one row, whose first column must be the same on both sides.
///
/// # Errors
/// [`TablesError::OtherContent`] where the schema holds other rows; either side refuses, or the copy is not the same.
pub async fn import(file: &Path, schema: &Schema, tables: &[Table]) -> Result<Contents, TablesError> {
    let (database, original) = (in_database(schema), in_file(file));
    let mut source = opened(file, true).await.map_err(&original)?;
    let mut reading = source.begin().await.map_err(&original)?;
    // Before anything is asked of the server, which ends a transaction in which nothing is asked for some seconds.
    let sent = contents_of_file(&mut reading, tables).await.map_err(&original)?;
    let mut target = PgConnection::connect_with(schema.options()).await.map_err(&database)?;
    let mut writing = target.begin().await.map_err(&database)?;
    let names: Vec<_> = tables.iter().map(|table| table.name).collect();
    let lock = format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", "));
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *writing).await.map_err(&database)?;
    if contents_of_postgres(&mut writing, tables).await.map_err(&database)? == sent {
        return Ok(sent);
    }
    let itself = tables.get(..1).unwrap_or_default();
    for table in itself {
        let there = page_of_postgres(&mut writing, table, None).await.map_err(&database)?.and_then(first_value);
        let sent = page_of_file(&mut reading, table, None).await.map_err(&original)?.and_then(first_value);
        let rest = contents_of_postgres(&mut writing, tables.get(1..).unwrap_or_default()).await.map_err(&database)?;
        if rest.rows > 0 || there.is_some_and(|there| Some(there) != sent) {
            return Err(TablesError::OtherContent { database: schema.server().to_string(), schema: schema.name() });
        }
        let clear = AssertSqlSafe(format!("DELETE FROM {}", table.name));
        sqlx::query(clear).execute(&mut *writing).await.map_err(&database)?;
    }
    for table in tables {
        let mut after = None;
        while let Some(rows) = page_of_file(&mut reading, table, after).await.map_err(&original)? {
            insert_into_postgres(&mut writing, table, &rows).await.map_err(&database)?;
            after = rows.last().and_then(|row| row.first()).cloned();
        }
    }
    let arrived = contents_of_postgres(&mut writing, tables).await.map_err(&database)?;
    same(&sent, &arrived)?;
    writing.commit().await.map_err(&database)?;
    Ok(sent)
}

fn same(sent: &Contents, arrived: &Contents) -> Result<(), TablesError> {
    if sent == arrived {
        return Ok(());
    }
    Err(TablesError::Different { sent: sent.digest.clone(), arrived: arrived.digest.clone() })
}

fn in_database(schema: &Schema) -> impl Fn(sqlx::Error) -> TablesError + use<> {
    let (database, schema) = (schema.server().to_string(), schema.name());
    move |source| TablesError::Database { database: database.clone(), schema, source }
}

fn in_file(file: &Path) -> impl Fn(sqlx::Error) -> TablesError + use<> {
    let file = file.display().to_string();
    move |source| TablesError::File { file: file.clone(), source }
}

async fn opened(file: &Path, read_only: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).read_only(read_only).disable_statement_logging();
    // A file that is made here has one reader later, and no write-ahead log beside it.
    let options = if read_only { options } else { options.journal_mode(SqliteJournalMode::Delete) };
    SqliteConnection::connect_with(&options).await
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

type Rows = Vec<Vec<Value>>;

fn first_value(rows: Rows) -> Option<Value> {
    rows.into_iter().next().and_then(|row| row.into_iter().next())
}

fn names(table: &Table) -> String {
    let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// The same text, and the same values, for either engine; the two differ in types only.
macro_rules! engine {
    ($page:ident, $insert:ident, $contents:ident, $engine:ty, $connection:ty) => {
        /// The next rows after this key; none if there are no more.
        async fn $page(connection: &mut $connection, table: &Table, after: Option<Value>) -> Result<Option<Rows>, sqlx::Error> {
            let Some((key, _)) = table.columns.first() else { return Ok(None) };
            let mut query = QueryBuilder::<$engine>::new(format!("SELECT {} FROM {}", names(table), table.name));
            if let Some(after) = after {
                query.push(format!(" WHERE {key} > "));
                match after {
                    Value::Integer(value) => query.push_bind(value),
                    Value::Text(value) => query.push_bind(value),
                    Value::Bytes(value) => query.push_bind(value),
                };
            }
            query.push(format!(" ORDER BY {key} LIMIT {}", table.page));
            let found = query.build().fetch_all(connection).await?;
            let mut rows = Vec::with_capacity(found.len());
            for row in found {
                let value = |(at, (_, kind)): (usize, &(_, Kind))| match kind {
                    Kind::Integer => row.try_get(at).map(Value::Integer),
                    Kind::Text => row.try_get(at).map(Value::Text),
                    Kind::Bytes => row.try_get(at).map(Value::Bytes),
                };
                rows.push(table.columns.iter().enumerate().map(value).collect::<Result<_, _>>()?);
            }
            Ok((!rows.is_empty()).then_some(rows))
        }

        /// Adds these rows.
        async fn $insert(connection: &mut $connection, table: &Table, rows: &Rows) -> Result<(), sqlx::Error> {
            let mut query = QueryBuilder::<$engine>::new(format!("INSERT INTO {} ({}) ", table.name, names(table)));
            query.push_values(rows, |mut values, row| {
                for value in row {
                    match value {
                        Value::Integer(value) => values.push_bind(*value),
                        Value::Text(value) => values.push_bind(value.clone()),
                        Value::Bytes(value) => values.push_bind(value.clone()),
                    };
                }
            });
            query.build().persistent(false).execute(connection).await?;
            Ok(())
        }

        /// What is in these tables.
        async fn $contents(connection: &mut $connection, tables: &[Table]) -> Result<Contents, sqlx::Error> {
            let mut tally = Tally::new();
            for table in tables {
                tally.begin(table);
                let mut after = None;
                while let Some(rows) = $page(connection, table, after).await? {
                    tally.add(&rows);
                    after = rows.last().and_then(|row| row.first()).cloned();
                }
            }
            Ok(tally.done())
        }
    };
}

engine!(page_of_file, insert_into_file, contents_of_file, Sqlite, SqliteConnection);
engine!(page_of_postgres, insert_into_postgres, contents_of_postgres, Postgres, PgConnection);

/// The digest of rows, as they come by.
struct Tally {
    rows: u64,
    hash: Sha256,
}

impl Tally {
    fn new() -> Self {
        Self { rows: 0, hash: Sha256::new() }
    }

    fn begin(&mut self, table: &Table) {
        self.bytes(b't', table.name.as_bytes());
    }

    fn add(&mut self, rows: &Rows) {
        for row in rows {
            self.rows += 1;
            self.hash.update(b"r");
            for value in row {
                match value {
                    Value::Integer(None) | Value::Text(None) | Value::Bytes(None) => self.hash.update(b"n"),
                    Value::Integer(Some(value)) => self.bytes(b'i', &value.to_be_bytes()),
                    Value::Text(Some(value)) => self.bytes(b's', value.as_bytes()),
                    Value::Bytes(Some(value)) => self.bytes(b'b', value),
                }
            }
        }
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.hash.update([kind]);
        self.hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.hash.update(bytes);
    }

    fn done(self) -> Contents {
        let digest = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Contents { rows: self.rows, digest }
    }
}
