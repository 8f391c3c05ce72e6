//! Statements that are run on this thread, through rusqlite.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::{FromRow, Source};
use crate::sql::Value;

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

fn take<R: FromRow>(mut rows: rusqlite::Rows<'_>, found: &mut Vec<R>) -> Result<(), sqlx::Error> {
    while let Some(row) = rows.next().map_err(alone)? {
        found.push(R::from_row(row)?);
    }
    Ok(())
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
