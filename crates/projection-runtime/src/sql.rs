//! Tables and values, and how rows get into them: one text for both engines, of which each row is a parameter on SQLite, and all rows
//! together on PostgreSQL.

use jiff::Timestamp;
use uuid::Uuid;

use crate::Position;
use crate::table::TableRow;
pub use crate::tables::{Cell, Database, Source, Tables};

/// A value of a column. Read models hold integers and texts only: both engines agree on them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A `BIGINT` column: a number, microseconds since 1970, a truth value as 0 or 1.
    Int(Option<i64>),
    /// A `TEXT` column: a text, an id.
    Text(Option<String>),
}

macro_rules! values {
    ($($type:ty, $value:ident => $variant:ident $convert:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                Self::$variant(Some($convert))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                match value {
                    Some(value) => value.into(),
                    None => Self::$variant(None),
                }
            }
        }
    )*};
}

values! {
    i64, value => Int value;
    u32, value => Int i64::from(value);
    bool, value => Int i64::from(value);
    Timestamp, value => Int value.as_microsecond();
    // A position beyond i64 cannot come from a store that keeps positions in a signed column.
    Position, value => Int i64::try_from(value.0).unwrap_or(i64::MAX);
    &str, value => Text value.to_owned();
    String, value => Text value;
    Uuid, value => Text value.to_string();
}

/// A table that rows are written to: its name and its columns, of which the first `key` are its primary key.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    name: &'static str,
    key: usize,
    columns: &'static [&'static str],
}

impl Table {
    /// A table of these columns. The first `key` of them identify a row, and a unique index covers just them.
    #[must_use]
    pub const fn new(name: &'static str, key: usize, columns: &'static [&'static str]) -> Self {
        Self { name, key, columns }
    }

    fn key_columns(&self) -> &'static [&'static str] {
        self.columns.get(..self.key).unwrap_or(self.columns)
    }

    /// Writes rows: new ones are inserted, those whose key is there are replaced column by column.
    ///
    /// A row has a value for each column, in order. No two rows may have the same key.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn upsert(&self, db: &mut impl Database, rows: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
        let mut tail = format!(" ON CONFLICT ({}) DO ", self.key_columns().join(", "));
        let updates: Vec<String> = self.columns.iter().skip(self.key).map(|column| format!("{column} = excluded.{column}")).collect();
        if updates.is_empty() {
            tail.push_str("NOTHING");
        } else {
            tail.push_str("UPDATE SET ");
            tail.push_str(&updates.join(", "));
        }
        self.write(db, rows, &tail).await
    }

    /// Inserts rows that are not there yet.
    ///
    /// # Errors
    /// When the database refuses or fails; when a key is there already.
    pub async fn insert(&self, db: &mut impl Database, rows: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
        self.write(db, rows, "").await
    }

    async fn write(&self, db: &mut impl Database, rows: Vec<Vec<Value>>, tail: &str) -> Result<(), sqlx::Error> {
        let head = format!("INSERT INTO {} ({}) ", self.name, self.columns.join(", "));
        db.tables().run_many(rows, |given| format!("{head}{}{tail}", given.rows())).await
    }

    /// Sets these columns in the rows with these keys, as far as they are there and satisfy `condition`, a text of the code that names
    /// columns as `table.column`. Each row has the values of the key's columns, then those of `columns`; no two have the same key.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn update(
        &self,
        db: &mut impl Database,
        columns: &[&'static str],
        condition: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), sqlx::Error> {
        let (name, keys) = (self.name, self.key_columns());
        let all: Vec<&str> = keys.iter().chain(columns).copied().collect();
        let set: Vec<String> = columns.iter().map(|column| format!("{column} = changed.{column}")).collect();
        let of: Vec<String> = keys.iter().map(|column| format!("{name}.{column} = changed.{column}")).collect();
        let (head, set, of) = (all.join(", "), set.join(", "), of.join(" AND "));
        let sql = |given: &Given| {
            let rows = given.rows();
            format!("WITH changed ({head}) AS ({rows}) UPDATE {name} SET {set} FROM changed WHERE {of} AND ({condition})")
        };
        db.tables().run_many(rows, sql).await
    }

    /// Deletes the rows with these keys. Keys without a row are no error.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn delete(&self, db: &mut impl Database, keys: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
        db.tables().run_many(keys, |given| format!("DELETE FROM {} WHERE {}", self.name, given.are(self.key_columns()))).await
    }

    /// The rows with these keys, in no order. Keys without a row are left out.
    pub(crate) async fn select<R: TableRow>(&self, db: &mut impl Database, keys: Vec<Vec<Value>>) -> Result<Vec<R>, sqlx::Error> {
        let all = format!("SELECT {} FROM {} WHERE ", self.columns.join(", "), self.name);
        db.tables().fetch_many(keys, |given| format!("{all}{}", given.are(self.key_columns()))).await
    }
}

/// What kind of values a column of parameters has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
}

/// Rows that a statement is given as parameters.
pub(crate) enum Given {
    /// One row of so many columns, for SQLite: the statement is prepared once and run for each row, which is cheapest there. Its
    /// parameters have no numbers, since SQLite takes numbered ones for names and looks each up.
    One(usize),
    /// All rows, for PostgreSQL: an array for each column, so that the text is the same for any number of them.
    All(Vec<Kind>),
}

impl Given {
    /// A query that gives the rows.
    fn rows(&self) -> String {
        match self {
            Self::One(columns) => format!("VALUES ({})", vec!["?"; *columns].join(", ")),
            Self::All(kinds) => {
                let array = |(index, kind): (usize, &Kind)| match kind {
                    Kind::Int => format!("${}::BIGINT[]", index + 1),
                    Kind::Text => format!("${}::TEXT[]", index + 1),
                };
                let arrays: Vec<String> = kinds.iter().enumerate().map(array).collect();
                format!("SELECT * FROM UNNEST({})", arrays.join(", "))
            }
        }
    }

    /// That these columns are those of a row.
    fn are(&self, columns: &[&str]) -> String {
        match self {
            Self::One(_) => columns.iter().map(|column| format!("{column} = ?")).collect::<Vec<_>>().join(" AND "),
            Self::All(_) => format!("({}) IN ({})", columns.join(", "), self.rows()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_parameters_and_many_are_an_array_for_each_column() {
        assert_eq!(Given::One(3).rows(), "VALUES (?, ?, ?)");
        let all = Given::All(vec![Kind::Int, Kind::Text]);
        assert_eq!(all.rows(), "SELECT * FROM UNNEST($1::BIGINT[], $2::TEXT[])");
        assert_eq!(Given::One(2).are(&["a", "b"]), "a = ? AND b = ?");
        assert_eq!(all.are(&["a", "b"]), "(a, b) IN (SELECT * FROM UNNEST($1::BIGINT[], $2::TEXT[]))");
    }
}
