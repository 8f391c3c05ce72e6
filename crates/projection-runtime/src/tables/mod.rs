//! Runs statements on the database of a read model, whichever engine it is.
//!
//! A SQLite database is open through rusqlite: one connection writes it, on the thread that folds the events, and others read it. There,
//! each row is a statement that was prepared before. On PostgreSQL every statement is a way there and back: many rows go in one, as an
//! array for each column.

mod here;
mod postgres;
mod source;
mod twin;

use std::borrow::Cow;

use rusqlite::Connection;
use sqlx::PgConnection;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::sql::{Given, Value};

pub(crate) use here::alone;
pub(crate) use source::FromRow;
pub use source::{Cell, Source};
pub(crate) use twin::Twin;

/// The database of a read model, to be read and written.
pub struct Tables<'a>(Open<'a>);

enum Open<'a> {
    Here(&'a mut Connection),
    /// As [`Open::Here`], on a thread that has other things to do.
    Aside(&'a mut Connection),
    /// With the name of the build that is read, where the connection reads others, too: see [`marked`].
    Postgres(&'a mut PgConnection, Option<&'a str>),
    Twin(&'a mut Twin),
}

/// Where statements are run: a connection to the rows of a read model.
pub trait Database: Send {
    /// The rows.
    fn tables(&mut self) -> Tables<'_>;
}

impl Database for Connection {
    fn tables(&mut self) -> Tables<'_> {
        Tables(Open::Here(self))
    }
}

impl Database for PgConnection {
    fn tables(&mut self) -> Tables<'_> {
        Tables(Open::Postgres(self, None))
    }
}

impl Database for Twin {
    fn tables(&mut self) -> Tables<'_> {
        Tables(Open::Twin(self))
    }
}

impl Database for Tables<'_> {
    fn tables(&mut self) -> Tables<'_> {
        match &mut self.0 {
            Open::Here(db) => Tables(Open::Here(db)),
            Open::Aside(db) => Tables(Open::Aside(db)),
            Open::Postgres(db, of) => Tables(Open::Postgres(db, *of)),
            Open::Twin(twin) => Tables(Open::Twin(twin)),
        }
    }
}

/// The statement with the build's name as a comment. A connection keeps statements prepared by their text, with the columns that they
/// had then: the same text on another build, where a table of that name may have others, would be refused.
fn marked<'s>(sql: &'s str, build: Option<&str>) -> Cow<'s, str> {
    build.map_or(Cow::Borrowed(sql), |build| Cow::Owned(format!("{sql} -- {build}")))
}

impl<'a> Tables<'a> {
    /// Of a database that this task reads among others.
    pub(crate) fn reading(db: &'a mut Connection) -> Self {
        Self(Open::Aside(db))
    }

    /// Of a connection to PostgreSQL that reads this build now, and others at other times.
    pub(crate) fn of_postgres(db: &'a mut PgConnection, build: &'a str) -> Self {
        Self(Open::Postgres(db, Some(build)))
    }

    /// Runs a statement that creates tables or indexes, or begins or ends a transaction.
    pub(crate) async fn define(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        match &mut self.0 {
            Open::Here(db) | Open::Aside(db) => db.execute_batch(sql).map_err(alone),
            Open::Postgres(db, _) => postgres::define(db, sql).await,
            Open::Twin(twin) => twin.define(sql).await,
        }
    }

    /// Runs one statement with parameters `$1`, `$2` and so on. How many rows it changed.
    pub(crate) async fn run(&mut self, sql: &str, parameters: Vec<Value>) -> Result<u64, sqlx::Error> {
        match &mut self.0 {
            Open::Here(db) => here::run(db, sql, &parameters),
            Open::Aside(db) => aside(|| here::run(db, sql, &parameters)),
            Open::Postgres(db, of) => postgres::run(db, &marked(sql, *of), parameters).await,
            Open::Twin(twin) => twin.run(sql, parameters).await,
        }
    }

    /// What one query with parameters `$1`, `$2` and so on finds, each row as `read` takes it.
    pub(crate) async fn fetch<R: FromRow>(&mut self, sql: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
        match &mut self.0 {
            Open::Here(db) => here::fetch(db, sql, &parameters),
            Open::Aside(db) => aside(|| here::fetch(db, sql, &parameters)),
            Open::Postgres(db, of) => postgres::fetch(db, &marked(sql, *of), parameters).await,
            Open::Twin(twin) => twin.fetch(sql, parameters).await,
        }
    }

    /// Runs the statement of `sql` for all of these rows of parameters.
    pub(crate) async fn run_many(&mut self, all: Vec<Vec<Value>>, sql: impl Fn(&Given) -> String) -> Result<(), sqlx::Error> {
        let Some(columns) = all.first().map(Vec::len) else { return Ok(()) };
        match &mut self.0 {
            Open::Here(db) => here::run_many(db, &sql(&Given::One(columns)), all),
            Open::Aside(db) => aside(|| here::run_many(db, &sql(&Given::One(columns)), all)),
            Open::Postgres(db, of) => postgres::run_many(db, all, |given| marked(&sql(given), *of).into_owned()).await,
            Open::Twin(twin) => twin.run_many(all, sql).await,
        }
    }

    /// As [`Tables::run_many`], of a query. The rows come in no order.
    pub(crate) async fn fetch_many<R: FromRow>(
        &mut self,
        all: Vec<Vec<Value>>,
        sql: impl Fn(&Given) -> String,
    ) -> Result<Vec<R>, sqlx::Error> {
        let Some(columns) = all.first().map(Vec::len) else { return Ok(Vec::new()) };
        match &mut self.0 {
            Open::Here(db) => here::fetch_many(db, &sql(&Given::One(columns)), all),
            Open::Aside(db) => aside(|| here::fetch_many(db, &sql(&Given::One(columns)), all)),
            Open::Postgres(db, of) => postgres::fetch_many(db, all, |given| marked(&sql(given), *of).into_owned()).await,
            Open::Twin(twin) => twin.fetch_many(all, sql).await,
        }
    }

    /// Shows each row that a query finds, one at a time.
    pub(crate) async fn each(&mut self, sql: &str, row: impl FnMut(&dyn Source) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        match &mut self.0 {
            Open::Here(db) => here::each(db, sql, row),
            Open::Aside(db) => aside(|| here::each(db, sql, row)),
            Open::Postgres(db, of) => postgres::each(db, &marked(sql, *of), row).await,
            Open::Twin(twin) => twin.each(sql, row).await,
        }
    }
}

/// Does work that may wait for the disk. What else was to be done on this thread is done by another one meanwhile, where there are others.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if has_others { tokio::task::block_in_place(work) } else { work() }
}
