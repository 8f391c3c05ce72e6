//! Typed tables for read models: rows as structs, loaded and saved many to a statement.
//!
//! A projection declares its rows with [`table!`](crate::table) and words such as states with [`words!`](crate::words), loads
//! the rows that a batch touches into a [`Fold`], changes them in memory, and saves each changed row once. Texts, 64-bit
//! integers and NULL are all that reaches the database, so the same statements run on SQLite and PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _, ValueRef};

use crate::ProjectionError;
use crate::sql::{Table, Value};

/// A type that is kept in one column.
pub trait Column: Sized {
    /// NULL in a column of this type.
    const NULL: Value;

    /// As the database keeps it.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] when it cannot be written.
    fn value(&self) -> Result<Value, sqlx::Error>;

    /// From the column of this index, counted from 0.
    ///
    /// # Errors
    /// [`sqlx::Error`] when the column is missing or holds something else.
    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error>;
}

fn unreadable(index: usize, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: index.to_string(), source: source.into() }
}

impl Column for i64 {
    const NULL: Value = Value::Int(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Int(Some(*self)))
    }

    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
        row.try_get(index)
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Column for $type {
            const NULL: Value = Value::Int(None);

            fn value(&self) -> Result<Value, sqlx::Error> {
                let value = i64::try_from(*self).map_err(|error| sqlx::Error::Encode(error.into()))?;
                Ok(Value::Int(Some(value)))
            }

            fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
                let value: i64 = row.try_get(index)?;
                Self::try_from(value).map_err(|error| unreadable(index, error))
            }
        }
    )*};
}

integers!(u32, u64);

/// 0 or 1.
impl Column for bool {
    const NULL: Value = Value::Int(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Int(Some(i64::from(*self))))
    }

    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
        let value: i64 = row.try_get(index)?;
        Ok(value != 0)
    }
}

/// Microseconds since 1970, UTC.
impl Column for Timestamp {
    const NULL: Value = Value::Int(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Int(Some(self.as_microsecond())))
    }

    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
        let value: i64 = row.try_get(index)?;
        Self::from_microsecond(value).map_err(|error| unreadable(index, error))
    }
}

impl Column for String {
    const NULL: Value = Value::Text(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Text(Some(self.clone())))
    }

    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
        row.try_get(index)
    }
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        /// The UUID as text, lower case with dashes.
        impl Column for domain::$id {
            const NULL: Value = Value::Text(None);

            fn value(&self) -> Result<Value, sqlx::Error> {
                Ok(Value::Text(Some(self.to_string())))
            }

            fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
                let text: String = row.try_get(index)?;
                text.parse().map_err(|error: uuid::Error| unreadable(index, error))
            }
        }
    )*};
}

ids!(
    CommandId,
    EventId,
    ApplicationId,
    InvitationId,
    RegistrationId,
    OrganizationId,
    PersonId,
    SubscriptionId,
    AccessId,
    RelationshipId,
    CredentialId,
    StaffId,
    ReservationId,
    MailId
);

impl<C: Column> Column for Option<C> {
    const NULL: Value = C::NULL;

    fn value(&self) -> Result<Value, sqlx::Error> {
        self.as_ref().map_or(Ok(C::NULL), C::value)
    }

    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
        if row.try_get_raw(index)?.is_null() { Ok(None) } else { C::read(row, index).map(Some) }
    }
}

/// A value that is kept as its JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Column for Json<T> {
    const NULL: Value = Value::Text(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        let text = serde_json::to_string(&self.0).map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(Value::Text(Some(text)))
    }

    fn read(row: &AnyRow, index: usize) -> Result<Self, sqlx::Error> {
        let text: String = row.try_get(index)?;
        serde_json::from_str(&text).map(Self).map_err(|error| unreadable(index, error))
    }
}

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
pub trait TableRow: Sized + PartialEq {
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
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error>;
}

/// Declares a row: a struct whose fields are the table's columns, the key's columns first.
///
/// ```
/// projection_runtime::table! {
///     /// A town.
///     pub struct Town in "towns" {
///         key {
///             /// Its postal code.
///             pub code: String,
///         }
///         /// Its name, if known.
///         pub name: Option<String>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal {
            key { $($(#[$key_meta:meta])* pub $key:ident: $key_type:ty,)+ }
            $($(#[$field_meta:meta])* pub $field:ident: $field_type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        $vis struct $name {
            $($(#[$key_meta])* pub $key: $key_type,)+
            $($(#[$field_meta])* pub $field: $field_type,)*
        }

        impl $crate::table::TableRow for $name {
            type Key = ($($key_type,)+);
            const NAME: &'static str = $table;
            const TABLE: $crate::sql::Table = $crate::sql::Table::new($table, [$(stringify!($key)),+].len(), Self::COLUMNS);
            const COLUMNS: &'static [&'static str] = &[$(stringify!($key),)+ $(stringify!($field),)*];

            fn key(&self) -> Self::Key {
                ($(self.$key.clone(),)+)
            }

            fn values(&self) -> Result<Vec<$crate::sql::Value>, sqlx::Error> {
                Ok(vec![
                    $($crate::table::Column::value(&self.$key)?,)+
                    $($crate::table::Column::value(&self.$field)?,)*
                ])
            }

            fn read(row: &sqlx::any::AnyRow) -> Result<Self, sqlx::Error> {
                let mut columns = 0_usize..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $($key: $crate::table::Column::read(row, next())?,)+
                    $($field: $crate::table::Column::read(row, next())?,)*
                })
            }
        }
    };
}

/// Declares an enum that is kept, and serialized, as one of some words.
///
/// ```
/// projection_runtime::words! {
///     /// Whether a shop is open.
///     pub enum Shop {
///         /// It is.
///         Open = "open",
///         /// It is not.
///         Closed = "closed",
///     }
/// }
/// ```
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        $vis enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            $vis const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            #[must_use]
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| {
                    let known: Vec<&str> = Self::ALL.iter().map(|known| known.as_str()).collect();
                    format!("{word:?} is none of {}", known.join(", "))
                })
            }
        }

        impl $crate::table::Column for $name {
            const NULL: $crate::sql::Value = $crate::sql::Value::Text(None);

            fn value(&self) -> Result<$crate::sql::Value, sqlx::Error> {
                Ok($crate::sql::Value::Text(Some(self.as_str().to_owned())))
            }

            fn read(row: &sqlx::any::AnyRow, index: usize) -> Result<Self, sqlx::Error> {
                let word = <String as $crate::table::Column>::read(row, index)?;
                word.parse().map_err(|problem: String| sqlx::Error::ColumnDecode { index: index.to_string(), source: problem.into() })
            }
        }
    };
}

/// Runs one statement with these parameters. Returns how many rows it changed.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn execute(conn: &mut AnyConnection, sql: &str, parameters: Vec<Value>) -> Result<u64, sqlx::Error> {
    Ok(crate::sql::bind(sql, vec![parameters]).execute(conn).await?.rows_affected())
}

/// The rows of one table that satisfy `rest`: what stands behind `SELECT … FROM table`. It is a text of the code, with
/// parameters for all that comes from outside.
///
/// # Errors
/// [`sqlx::Error`] of the database, or when a row is not what its type says.
pub async fn select<R: TableRow>(conn: &mut AnyConnection, rest: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
    let sql = format!("SELECT {} FROM {} {rest}", R::COLUMNS.join(", "), R::NAME);
    let rows = crate::sql::bind(&sql, vec![parameters]).fetch_all(conn).await?;
    rows.iter().map(R::read).collect()
}

fn keys<R: TableRow>(keys: impl IntoIterator<Item = R::Key>) -> Result<Vec<Vec<Value>>, sqlx::Error> {
    keys.into_iter().map(|key| key.values()).collect()
}

/// The rows with these keys, in no order.
///
/// # Errors
/// As [`select`].
pub async fn load<R: TableRow>(conn: &mut AnyConnection, of: impl IntoIterator<Item = R::Key>) -> Result<Vec<R>, sqlx::Error> {
    let rows = R::TABLE.select(conn, keys::<R>(of)?).await?;
    rows.iter().map(R::read).collect()
}

/// Inserts rows, or replaces those of the same key. No key may occur twice.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn upsert<'a, R: TableRow + 'a>(conn: &mut AnyConnection, rows: impl IntoIterator<Item = &'a R>) -> Result<(), sqlx::Error> {
    let rows = rows.into_iter().map(R::values).collect::<Result<_, _>>()?;
    R::TABLE.upsert(conn, rows).await
}

/// The rows that a batch touches, changed in memory and saved once.
pub struct Fold<R: TableRow> {
    rows: BTreeMap<R::Key, R>,
    changed: BTreeSet<R::Key>,
    removed: BTreeSet<R::Key>,
}

impl<R: TableRow> Fold<R> {
    /// With the rows of these keys, as far as they are there.
    ///
    /// # Errors
    /// As [`load`].
    pub async fn load(conn: &mut AnyConnection, keys: BTreeSet<R::Key>) -> Result<Self, sqlx::Error> {
        Ok(Self::of(load(conn, keys).await?))
    }

    /// With these rows, which are in the database already.
    #[must_use]
    pub fn of(rows: Vec<R>) -> Self {
        Self { rows: rows.into_iter().map(|row| (row.key(), row)).collect(), changed: BTreeSet::new(), removed: BTreeSet::new() }
    }

    /// The row of this key.
    #[must_use]
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.rows.get(key)
    }

    /// All rows at hand, by key.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.values()
    }

    /// The row of this key, to be changed.
    pub fn change(&mut self, key: &R::Key) -> Option<&mut R> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// The row of this key, to be changed; `unless` there is none, this one.
    pub fn change_or(&mut self, key: &R::Key, unless: impl FnOnce() -> R) -> &mut R {
        self.changed.insert(key.clone());
        self.removed.remove(key);
        self.rows.entry(key.clone()).or_insert_with(unless)
    }

    /// The row of this key, to be changed by an event that makes no sense without it.
    ///
    /// # Errors
    /// [`ProjectionError::Unappliable`] if there is none.
    pub fn expect(&mut self, key: &R::Key, event: &event_codec::Envelope) -> Result<&mut R, ProjectionError> {
        self.change(key).ok_or_else(|| ProjectionError::Unappliable {
            position: event.position,
            reason: format!("{} of {} came before what it changes: {} has no such row", event.event_type, event.stream, R::NAME),
        })
    }

    /// Puts a row in place of what is there under its key.
    pub fn put(&mut self, row: R) {
        let key = row.key();
        self.removed.remove(&key);
        self.changed.insert(key.clone());
        self.rows.insert(key, row);
    }

    /// Takes a row away.
    pub fn remove(&mut self, key: &R::Key) {
        if self.rows.remove(key).is_some() {
            self.changed.remove(key);
            self.removed.insert(key.clone());
        }
    }

    /// Writes what changed: each row once, by key.
    ///
    /// # Errors
    /// [`sqlx::Error`] of the database.
    pub async fn save(mut self, conn: &mut AnyConnection) -> Result<(), sqlx::Error> {
        R::TABLE.delete(conn, keys::<R>(self.removed)?).await?;
        let changed: Vec<R> = self.changed.iter().filter_map(|key| self.rows.remove(key)).collect();
        upsert(conn, &changed).await
    }
}

#[cfg(test)]
mod tests {
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
        use sqlx::Connection;
        sqlx::any::install_default_drivers();
        let mut conn = AnyConnection::connect("sqlite::memory:").await.unwrap();
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
