//! Typed tables for read models: rows as structs, loaded and saved many to a statement.
//!
//! A projection declares its rows with [`table!`](crate::table) and words such as states with [`words!`](crate::words), loads
//! the rows that a batch touches into a [`Fold`], changes them in memory, and saves each changed row once. Texts, 64-bit
//! integers and NULL are all that reaches the database, so the same statements run on SQLite and PostgreSQL.

mod columns;
mod fold;
mod macros;

pub use columns::{Column, Json, parse};
pub use fold::Fold;

use crate::sql::{Database, Source, Table, Value};
use crate::tables::FromRow;

/// The primary key of a row: one column or several.
pub trait Key: Ord + Clone {
    /// In the order of the key's columns.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] when a value cannot be written.
    fn values(&self) -> Result<Vec<Value>, sqlx::Error>;
}

impl<A: Column + Ord + Clone> Key for (A,) {
    fn values(&self) -> Result<Vec<Value>, sqlx::Error> {
        Ok(vec![self.0.value()?])
    }
}

impl<A: Column + Ord + Clone, B: Column + Ord + Clone> Key for (A, B) {
    fn values(&self) -> Result<Vec<Value>, sqlx::Error> {
        Ok(vec![self.0.value()?, self.1.value()?])
    }
}

impl<A: Column + Ord + Clone, B: Column + Ord + Clone, C: Column + Ord + Clone> Key for (A, B, C) {
    fn values(&self) -> Result<Vec<Value>, sqlx::Error> {
        Ok(vec![self.0.value()?, self.1.value()?, self.2.value()?])
    }
}

/// A row of one table. Implemented by [`table!`](crate::table).
pub trait TableRow: Sized + Send + PartialEq {
    /// Its primary key.
    type Key: Key;
    /// The table's name.
    const NAME: &'static str;
    /// The table.
    const TABLE: Table;
    /// All columns, those of the key first.
    const COLUMNS: &'static [&'static str];

    /// Its key.
    fn key(&self) -> Self::Key;

    /// Its values, in the order of the columns.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] when a value cannot be written.
    fn values(&self) -> Result<Vec<Value>, sqlx::Error>;

    /// From a row of a query that selects all columns in order.
    ///
    /// # Errors
    /// [`sqlx::Error`] when a column is missing or holds something else.
    fn read(row: &impl Source) -> Result<Self, sqlx::Error>;
}

/// Runs one statement with these parameters. Returns how many rows it changed.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn execute(conn: &mut impl Database, sql: &str, parameters: Vec<Value>) -> Result<u64, sqlx::Error> {
    conn.tables().run(sql, parameters).await
}

/// The rows of one table that satisfy `rest`: what stands behind `SELECT … FROM table`. It is a text of the code, with
/// parameters for all that comes from outside.
///
/// # Errors
/// [`sqlx::Error`] of the database, or when a row is not what its type says.
pub async fn select<R: TableRow>(conn: &mut impl Database, rest: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
    let sql = format!("SELECT {} FROM {} {rest}", R::COLUMNS.join(", "), R::NAME);
    conn.tables().fetch(&sql, parameters).await
}

/// The rows that a query finds which selects all columns of a table in their order, perhaps with the help of other tables.
///
/// # Errors
/// As [`select`].
pub async fn query<R: TableRow>(conn: &mut impl Database, sql: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
    conn.tables().fetch(sql, parameters).await
}

struct First<C>(C);

impl<C: Column + Send> FromRow for First<C> {
    fn from_row<S: Source>(row: &S) -> Result<Self, sqlx::Error> {
        C::read(row, 0).map(Self)
    }
}

/// The first column of each row that a query finds.
///
/// # Errors
/// As [`select`].
pub async fn select_column<C: Column + Send>(conn: &mut impl Database, sql: &str, parameters: Vec<Value>) -> Result<Vec<C>, sqlx::Error> {
    let found: Vec<First<C>> = conn.tables().fetch(sql, parameters).await?;
    Ok(found.into_iter().map(|First(value)| value).collect())
}

/// Of the streams that a batch has events of, those that began before it: only these can have rows from earlier events. Given each
/// event's stream, by the key of its rows, and its version.
pub fn begun_before<K: Ord>(events: impl IntoIterator<Item = (K, u64)>) -> std::collections::BTreeSet<K> {
    let (mut before, mut new) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for (key, version) in events {
        if version == 0 {
            new.insert(key);
        } else if !new.contains(&key) {
            before.insert(key);
        }
    }
    before
}

fn keys<R: TableRow>(keys: impl IntoIterator<Item = R::Key>) -> Result<Vec<Vec<Value>>, sqlx::Error> {
    keys.into_iter().map(|key| key.values()).collect()
}

/// The rows with these keys, in no order.
///
/// # Errors
/// As [`select`].
pub async fn load<R: TableRow>(conn: &mut impl Database, of: impl IntoIterator<Item = R::Key>) -> Result<Vec<R>, sqlx::Error> {
    R::TABLE.select(conn, keys::<R>(of)?).await
}

/// Inserts rows, or replaces those of the same key. No key may occur twice.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn upsert<'a, R: TableRow + 'a>(conn: &mut impl Database, rows: impl IntoIterator<Item = &'a R>) -> Result<(), sqlx::Error> {
    let rows = rows.into_iter().map(R::values).collect::<Result<_, _>>()?;
    R::TABLE.upsert(conn, rows).await
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    crate::words! {
        /// Whether it is open.
        enum Shop {
            /// It is.
            Open = "open",
            /// It is not.
            Closed = "closed",
        }
    }

    crate::table! {
        /// A row with a column of every kind.
        struct Town in "towns" {
            key {
                /// Part of the key.
                pub country: String,
                /// Part of the key.
                pub number: u32,
            }
            /// A text or NULL.
            pub name: Option<String>,
            /// A truth.
            pub is_capital: bool,
            /// A word.
            pub shop: Shop,
            /// An instant or NULL.
            pub founded: Option<Timestamp>,
            /// JSON.
            pub tags: Json<Vec<String>>,
        }
    }

    const SCHEMA: &str = "CREATE TABLE towns (country TEXT NOT NULL, number BIGINT NOT NULL, name TEXT, is_capital BIGINT NOT NULL, \
                          shop TEXT NOT NULL, founded BIGINT, tags TEXT NOT NULL, PRIMARY KEY (country, number))";

    fn town(number: u32) -> Town {
        Town {
            country: "DE".to_owned(),
            number,
            name: number.is_multiple_of(2).then(|| format!("town {number}")),
            is_capital: number == 7,
            shop: Shop::Closed,
            founded: Some(Timestamp::from_second(i64::from(number)).unwrap()),
            tags: Json(vec!["a".to_owned()]),
        }
    }

    #[tokio::test]
    async fn rows_come_back_as_they_were_saved_whatever_the_size_of_the_batch() {
        let mut conn = rusqlite::Connection::open_in_memory().unwrap();
        execute(&mut conn, SCHEMA, Vec::new()).await.unwrap();
        let all: Vec<Town> = (0..349).map(town).collect();
        upsert(&mut conn, &all).await.unwrap();

        let keys = (5..400).map(|number| ("DE".to_owned(), number)).collect();
        let mut fold = Fold::<Town>::load(&mut conn, keys).await.unwrap();
        assert_eq!(fold.iter().count(), 344);
        let ten = ("DE".to_owned(), 10);
        fold.change(&ten).unwrap().shop = Shop::Open;
        fold.remove(&("DE".to_owned(), 11));
        fold.put(town(349));
        fold.save(&mut conn).await.unwrap();

        let now: Vec<Town> = select(&mut conn, "ORDER BY number", Vec::new()).await.unwrap();
        let mut expected: Vec<Town> = (0..350).filter(|number| *number != 11).map(town).collect();
        expected[10].shop = Shop::Open;
        assert_eq!(now, expected);
    }
}
