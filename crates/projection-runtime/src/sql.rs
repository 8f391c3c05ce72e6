//! Tables and values, and how rows get into them: many with few statements, within the parameter limits of SQLite (32,766) and
//! PostgreSQL (65,535).

use jiff::Timestamp;
use uuid::Uuid;

use crate::Position;
use crate::table::TableRow;
pub use crate::tables::{Cell, Database, Source, Tables};

/// A value of a column. Read models hold integers and texts only: both engines agree on them.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        let head = format!("INSERT INTO {} ({}) VALUES ", self.name, self.columns.join(", "));
        let columns = self.columns.len();
        db.tables().run_many(rows, |places, count| format!("{head}{}{tail}", tuples(places, count, columns))).await
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
        let sql = |places: &mut Places, count| {
            let values = tuples(places, count, all.len());
            format!("WITH changed ({head}) AS (VALUES {values}) UPDATE {name} SET {set} FROM changed WHERE {of} AND ({condition})")
        };
        db.tables().run_many(rows, sql).await
    }

    /// Deletes the rows with these keys. Keys without a row are no error.
    ///
    /// # Errors
    /// When the database refuses or fails.
    pub async fn delete(&self, db: &mut impl Database, keys: Vec<Vec<Value>>) -> Result<(), sqlx::Error> {
        db.tables().run_many(keys, |places, count| format!("DELETE FROM {} WHERE {}", self.name, self.of_keys(places, count))).await
    }

    /// The rows with these keys, in no order. Keys without a row are left out.
    pub(crate) async fn select<R: TableRow>(&self, db: &mut impl Database, keys: Vec<Vec<Value>>) -> Result<Vec<R>, sqlx::Error> {
        let all = format!("SELECT {} FROM {} WHERE ", self.columns.join(", "), self.name);
        db.tables().fetch_many(keys, |places, count| format!("{all}{}", self.of_keys(places, count))).await
    }

    fn of_keys(&self, places: &mut Places, count: usize) -> String {
        match self.key_columns() {
            [column] if count == 1 => format!("{column} = {}", places.next()),
            [column] => {
                let all: Vec<String> = (0..count).map(|_| places.next()).collect();
                format!("{column} IN ({})", all.join(", "))
            }
            // Not as a list of tuples: for that SQLite scans the whole table, while it takes each of these from the index.
            columns => {
                let mut row = || {
                    let all: Vec<String> = columns.iter().map(|column| format!("{column} = {}", places.next())).collect();
                    format!("({})", all.join(" AND "))
                };
                let rows: Vec<String> = (0..count).map(|_| row()).collect();
                format!("({})", rows.join(" OR "))
            }
        }
    }
}

/// The parameters of a statement, in their order.
///
/// PostgreSQL numbers them. On SQLite a numbered one is a named one, which sqlx looks up by its name, and SQLite goes through
/// all names for each: a thousand parameters would cost a million steps each time the statement runs.
pub(crate) enum Places {
    Numbered(usize),
    Plain,
}

impl Places {
    fn next(&mut self) -> String {
        match self {
            Self::Numbered(last) => {
                *last += 1;
                format!("${last}")
            }
            Self::Plain => "?".to_owned(),
        }
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn tuples(places: &mut Places, rows: usize, columns: usize) -> String {
    let mut row = || {
        let all: Vec<String> = (0..columns).map(|_| places.next()).collect();
        format!("({})", all.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(|_| row()).collect();
    rows.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_several_key_columns_are_looked_for_one_by_one() {
        let pairs = Table::new("pairs", 2, &["a", "b", "c"]);
        assert_eq!(pairs.of_keys(&mut Places::Numbered(0), 2), "((a = $1 AND b = $2) OR (a = $3 AND b = $4))");
    }

    #[test]
    fn parameters_are_numbered_row_by_row() {
        assert_eq!(tuples(&mut Places::Numbered(0), 2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(tuples(&mut Places::Plain, 2, 1), "(?), (?)");
    }
}
