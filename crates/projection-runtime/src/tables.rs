//! Runs statements on the database of a read model, whichever way it is open.
//!
//! A SQLite database is open through rusqlite: one connection writes it, on the thread that folds the events, and others read it. There,
//! each row is a statement that was prepared before. Through sqlx, which any other engine needs, every statement is handed to another thread: there,
//! many rows share a statement (ADR 0022).

use futures_util::TryStreamExt;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sqlx::any::{AnyArguments, AnyRow, AnyTypeInfoKind};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _, ValueRef as _};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::sql::{Places, Value};
use crate::table::TableRow;

/// Rows per statement through sqlx, largest first, so that each statement is prepared once per connection and used again.
const SIZES: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// The database of a read model, to be read and written.
pub struct Tables<'a>(Open<'a>);

enum Open<'a> {
    Shared(&'a mut AnyConnection),
    Alone(&'a mut rusqlite::Connection),
    /// As [`Open::Alone`], on a thread that has other things to do.
    Reading(&'a mut rusqlite::Connection),
}

/// Where statements are run: a connection to the rows of a read model.
pub trait Database: Send {
    /// The rows.
    fn tables(&mut self) -> Tables<'_>;
}

impl Database for AnyConnection {
    fn tables(&mut self) -> Tables<'_> {
        Tables(Open::Shared(self))
    }
}

impl Database for rusqlite::Connection {
    fn tables(&mut self) -> Tables<'_> {
        Tables(Open::Alone(self))
    }
}

impl Database for Tables<'_> {
    fn tables(&mut self) -> Tables<'_> {
        match &mut self.0 {
            Open::Shared(db) => Tables(Open::Shared(db)),
            Open::Alone(db) => Tables(Open::Alone(db)),
            Open::Reading(db) => Tables(Open::Reading(db)),
        }
    }
}

impl<'a> Tables<'a> {
    /// Of a database that this task reads among others.
    pub(crate) fn reading(db: &'a mut rusqlite::Connection) -> Self {
        Self(Open::Reading(db))
    }

    /// Runs one statement with parameters `$1`, `$2` and so on. How many rows it changed.
    pub(crate) async fn run(&mut self, sql: &str, parameters: Vec<Value>) -> Result<u64, sqlx::Error> {
        match &mut self.0 {
            Open::Shared(db) => Ok(bind(sql, parameters).execute(&mut **db).await?.rows_affected()),
            Open::Alone(db) => here::run(db, sql, &parameters),
            Open::Reading(db) => aside(|| here::run(db, sql, &parameters)),
        }
    }

    /// What one query with parameters `$1`, `$2` and so on finds, each row as `read` takes it.
    pub(crate) async fn fetch<R: FromRow>(&mut self, sql: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
        match &mut self.0 {
            Open::Shared(db) => bind(sql, parameters).fetch_all(&mut **db).await?.iter().map(R::from_row).collect(),
            Open::Alone(db) => here::fetch(db, sql, &parameters),
            Open::Reading(db) => aside(|| here::fetch(db, sql, &parameters)),
        }
    }

    /// Runs the statement of `sql` for all of these rows of parameters; it is told how many of them share it.
    pub(crate) async fn run_many(&mut self, all: Vec<Vec<Value>>, sql: impl Fn(&mut Places, usize) -> String) -> Result<(), sqlx::Error> {
        match &mut self.0 {
            _ if all.is_empty() => Ok(()),
            Open::Shared(db) => {
                for chunk in chunks(all) {
                    let sql = sql(&mut places(db), chunk.len());
                    bind(&sql, chunk.into_iter().flatten()).execute(&mut **db).await?;
                }
                Ok(())
            }
            Open::Alone(db) => here::run_many(db, &sql(&mut Places::Plain, 1), all),
            Open::Reading(db) => aside(|| here::run_many(db, &sql(&mut Places::Plain, 1), all)),
        }
    }

    /// As [`Tables::run_many`], of a query.
    pub(crate) async fn fetch_many<R: FromRow>(
        &mut self,
        all: Vec<Vec<Value>>,
        sql: impl Fn(&mut Places, usize) -> String,
    ) -> Result<Vec<R>, sqlx::Error> {
        match &mut self.0 {
            _ if all.is_empty() => Ok(Vec::new()),
            Open::Shared(db) => {
                let mut found = Vec::new();
                for chunk in chunks(all) {
                    let sql = sql(&mut places(db), chunk.len());
                    for row in &bind(&sql, chunk.into_iter().flatten()).fetch_all(&mut **db).await? {
                        found.push(R::from_row(row)?);
                    }
                }
                Ok(found)
            }
            Open::Alone(db) => here::fetch_many(db, &sql(&mut Places::Plain, 1), all),
            Open::Reading(db) => aside(|| here::fetch_many(db, &sql(&mut Places::Plain, 1), all)),
        }
    }

    /// Shows each row that a query finds, one at a time.
    pub(crate) async fn each(&mut self, sql: &str, mut row: impl FnMut(&dyn Source) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        match &mut self.0 {
            Open::Shared(db) => {
                let mut rows = bind(sql, Vec::new()).fetch(&mut **db);
                while let Some(found) = rows.try_next().await? {
                    row(&found)?;
                }
                Ok(())
            }
            Open::Alone(db) => here::each(db, sql, row),
            Open::Reading(db) => aside(|| here::each(db, sql, row)),
        }
    }
}

/// Does work that may wait for the disk. What else was to be done on this thread is done by another one meanwhile, where there are others.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if has_others { tokio::task::block_in_place(work) } else { work() }
}

/// Statements that are run on this thread, through rusqlite.
mod here {
    use rusqlite::{Connection, params_from_iter};

    use super::{FromRow, Source, Value, alone, bind_numbered, take};

    pub(super) fn run(db: &Connection, sql: &str, parameters: &[Value]) -> Result<u64, sqlx::Error> {
        let mut statement = db.prepare_cached(sql).map_err(alone)?;
        bind_numbered(&mut statement, parameters).map_err(alone)?;
        let changed = statement.raw_execute().map_err(alone)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(super) fn fetch<R: FromRow>(db: &Connection, sql: &str, parameters: &[Value]) -> Result<Vec<R>, sqlx::Error> {
        let mut statement = db.prepare_cached(sql).map_err(alone)?;
        bind_numbered(&mut statement, parameters).map_err(alone)?;
        let mut found = Vec::new();
        take(statement.raw_query(), &mut found)?;
        Ok(found)
    }

    pub(super) fn run_many(db: &Connection, sql: &str, all: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
        let mut statement = db.prepare_cached(sql).map_err(alone)?;
        for parameters in all {
            statement.execute(params_from_iter(parameters)).map_err(alone)?;
        }
        Ok(())
    }

    pub(super) fn fetch_many<R: FromRow>(db: &Connection, sql: &str, all: Vec<Vec<Value>>) -> Result<Vec<R>, sqlx::Error> {
        let mut statement = db.prepare_cached(sql).map_err(alone)?;
        let mut found = Vec::new();
        for parameters in all {
            take(statement.query(params_from_iter(parameters)).map_err(alone)?, &mut found)?;
        }
        Ok(found)
    }

    pub(super) fn each(db: &Connection, sql: &str, mut row: impl FnMut(&dyn Source) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        let mut statement = db.prepare_cached(sql).map_err(alone)?;
        let mut rows = statement.raw_query();
        while let Some(found) = rows.next().map_err(alone)? {
            row(found)?;
        }
        Ok(())
    }
}

/// What a row of a query is turned into.
pub(crate) trait FromRow: Sized + Send {
    fn from_row<S: Source>(row: &S) -> Result<Self, sqlx::Error>;
}

impl<R: TableRow + Send> FromRow for R {
    fn from_row<S: Source>(row: &S) -> Result<Self, sqlx::Error> {
        R::read(row)
    }
}

fn take<R: FromRow>(mut rows: rusqlite::Rows<'_>, found: &mut Vec<R>) -> Result<(), sqlx::Error> {
    while let Some(row) = rows.next().map_err(alone)? {
        found.push(R::from_row(row)?);
    }
    Ok(())
}

/// A row of a query: integers, texts and NULL.
pub trait Source {
    /// The integer in the column of this index, counted from 0; none for NULL.
    ///
    /// # Errors
    /// [`sqlx::Error`] when the column is missing or holds something else.
    fn int(&self, index: usize) -> Result<Option<i64>, sqlx::Error>;

    /// The text in that column; none for NULL.
    ///
    /// # Errors
    /// As [`Source::int`].
    fn text(&self, index: usize) -> Result<Option<&str>, sqlx::Error>;

    /// What is in that column, whatever it is; none beyond the last one.
    ///
    /// # Errors
    /// [`sqlx::Error`] when it is nothing that read models keep.
    fn cell(&self, index: usize) -> Result<Option<Cell<'_>>, sqlx::Error>;
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(&'a str),
}

impl Source for AnyRow {
    fn int(&self, index: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(index)
    }

    fn text(&self, index: usize) -> Result<Option<&str>, sqlx::Error> {
        self.try_get(index)
    }

    fn cell(&self, index: usize) -> Result<Option<Cell<'_>>, sqlx::Error> {
        if index >= self.len() {
            return Ok(None);
        }
        let value = self.try_get_raw(index)?;
        if value.is_null() {
            return Ok(Some(Cell::Null));
        }
        let is_text = value.type_info().kind() == AnyTypeInfoKind::Text;
        if is_text { Ok(Some(Cell::Text(self.try_get(index)?))) } else { Ok(Some(Cell::Int(self.try_get(index)?))) }
    }
}

impl Source for rusqlite::Row<'_> {
    fn int(&self, index: usize) -> Result<Option<i64>, sqlx::Error> {
        self.get_ref(index).map_err(alone)?.as_i64_or_null().map_err(|error| column(index, error))
    }

    fn text(&self, index: usize) -> Result<Option<&str>, sqlx::Error> {
        self.get_ref(index).map_err(alone)?.as_str_or_null().map_err(|error| column(index, error))
    }

    fn cell(&self, index: usize) -> Result<Option<Cell<'_>>, sqlx::Error> {
        if index >= self.as_ref().column_count() {
            return Ok(None);
        }
        let value = self.get_ref(index).map_err(alone)?;
        Ok(Some(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Int(value),
            ValueRef::Text(_) | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Text(value.as_str().map_err(|error| column(index, error))?),
        }))
    }
}

fn column(index: usize, source: rusqlite::types::FromSqlError) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: index.to_string(), source: source.into() }
}

/// An error of a database that is open alone, as those of all databases are told.
pub(crate) fn alone(error: rusqlite::Error) -> sqlx::Error {
    sqlx::Error::AnyDriverError(Box::new(error))
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(Some(value)) => ValueRef::Integer(*value),
            Self::Text(Some(value)) => ValueRef::Text(value.as_bytes()),
            Self::Int(None) | Self::Text(None) => ValueRef::Null,
        }))
    }
}

/// Binds `$1`, `$2` and so on, which to SQLite are names, numbered as they come first in the text.
fn bind_numbered(statement: &mut rusqlite::Statement<'_>, parameters: &[Value]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        let number: Option<usize> = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse().ok());
        let value = number.unwrap_or(index).checked_sub(1).and_then(|number| parameters.get(number));
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

fn places(db: &AnyConnection) -> Places {
    if db.backend_name() == "SQLite" { Places::Plain } else { Places::Numbered(0) }
}

/// The rows in chunks of [`SIZES`], in their order.
fn chunks(rows: Vec<Vec<Value>>) -> impl Iterator<Item = Vec<Vec<Value>>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        Some(rows.by_ref().take(size).collect())
    })
}

fn bind(sql: &str, parameters: impl IntoIterator<Item = Value>) -> Query<'static, Any, AnyArguments> {
    // The text consists of literals of this code and of parameters.
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    for value in parameters {
        query = match value {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
        };
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_into_few_fixed_sizes_in_order() {
        let rows: Vec<Vec<Value>> = (0..534_i64).map(|n| vec![n.into()]).collect();
        let sizes: Vec<usize> = chunks(rows.clone()).map(|chunk| chunk.len()).collect();
        assert_eq!(sizes, [256, 256, 16, 4, 2]);
        assert_eq!(chunks(rows.clone()).flatten().collect::<Vec<_>>(), rows);
    }
}
