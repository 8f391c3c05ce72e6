//! Rows of queries, as each engine gives them.

use rusqlite::types::ValueRef;
use sqlx::postgres::PgRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use super::alone;
use crate::table::TableRow;

/// What a row of a query is turned into.
pub(crate) trait FromRow: Sized + Send {
    fn from_row<S: Source>(row: &S) -> Result<Self, sqlx::Error>;
}

impl<R: TableRow + Send> FromRow for R {
    fn from_row<S: Source>(row: &S) -> Result<Self, sqlx::Error> {
        R::read(row)
    }
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

impl Source for PgRow {
    // A column may be an INTEGER or a BIGINT: the value says how long it is.
    fn int(&self, index: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get_unchecked(index)
    }

    fn text(&self, index: usize) -> Result<Option<&str>, sqlx::Error> {
        self.try_get_unchecked(index)
    }

    fn cell(&self, index: usize) -> Result<Option<Cell<'_>>, sqlx::Error> {
        if index >= self.len() {
            return Ok(None);
        }
        let value = self.try_get_raw(index)?;
        if value.is_null() {
            return Ok(Some(Cell::Null));
        }
        let is_text = value.type_info().name() == "TEXT";
        let cell = if is_text { self.text(index)?.map(Cell::Text) } else { self.int(index)?.map(Cell::Int) };
        Ok(cell.or(Some(Cell::Null)))
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
