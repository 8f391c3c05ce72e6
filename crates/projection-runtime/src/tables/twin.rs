//! Both engines at once: each statement is run on SQLite and on PostgreSQL, and it is an error if they do not agree.

use sqlx::PgConnection;

use super::{Cell, FromRow, Source, alone, here, postgres};
use crate::sql::{Given, Value};

/// The same rows on both engines, side by side: how the statements of a read model are put to the test.
pub(crate) struct Twin {
    pub(crate) sqlite: rusqlite::Connection,
    pub(crate) postgres: PgConnection,
}

/// A row as it came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Raw(Vec<Value>);

impl Raw {
    fn of(row: &dyn Source) -> Result<Self, sqlx::Error> {
        let mut cells = Vec::new();
        for index in 0.. {
            cells.push(match row.cell(index)? {
                None => break,
                Some(Cell::Null) => Value::Int(None),
                Some(Cell::Int(value)) => Value::Int(Some(value)),
                Some(Cell::Text(text)) => Value::Text(Some(text.to_owned())),
            });
        }
        Ok(Self(cells))
    }
}

impl FromRow for Raw {
    fn from_row<S: Source>(row: &S) -> Result<Self, sqlx::Error> {
        Self::of(row)
    }
}

fn agree<T: PartialEq + std::fmt::Debug>(sql: &str, sqlite: &T, postgres: &T) -> Result<(), sqlx::Error> {
    if sqlite == postgres {
        return Ok(());
    }
    Err(sqlx::Error::Protocol(format!("the engines differ on {sql}\nSQLite:     {sqlite:?}\nPostgreSQL: {postgres:?}")))
}

impl Twin {
    pub(super) async fn define(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        self.sqlite.execute_batch(sql).map_err(alone)?;
        postgres::define(&mut self.postgres, sql).await
    }

    pub(super) async fn run(&mut self, sql: &str, parameters: Vec<Value>) -> Result<u64, sqlx::Error> {
        let changed = here::run(&self.sqlite, sql, &parameters)?;
        agree(sql, &changed, &postgres::run(&mut self.postgres, sql, parameters).await?)?;
        Ok(changed)
    }

    pub(super) async fn fetch<R: FromRow>(&mut self, sql: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
        let mut raw: Vec<Raw> = here::fetch(&self.sqlite, sql, &parameters)?;
        let mut other: Vec<Raw> = postgres::fetch(&mut self.postgres, sql, parameters.clone()).await?;
        // Who asks for no order gets any.
        if !sql.contains("ORDER BY") {
            raw.sort();
            other.sort();
        }
        agree(sql, &raw, &other)?;
        postgres::fetch(&mut self.postgres, sql, parameters).await
    }

    pub(super) async fn run_many(&mut self, all: Vec<Vec<Value>>, sql: impl Fn(&Given) -> String) -> Result<(), sqlx::Error> {
        let columns = all.first().map_or(0, Vec::len);
        here::run_many(&self.sqlite, &sql(&Given::One(columns)), all.clone())?;
        postgres::run_many(&mut self.postgres, all, sql).await
    }

    pub(super) async fn fetch_many<R: FromRow>(
        &mut self,
        all: Vec<Vec<Value>>,
        sql: impl Fn(&Given) -> String,
    ) -> Result<Vec<R>, sqlx::Error> {
        let text = sql(&Given::One(all.first().map_or(0, Vec::len)));
        let mut raw: Vec<Raw> = here::fetch_many(&self.sqlite, &text, all.clone())?;
        let mut other: Vec<Raw> = postgres::fetch_many(&mut self.postgres, all.clone(), &sql).await?;
        raw.sort();
        other.sort();
        agree(&text, &raw, &other)?;
        postgres::fetch_many(&mut self.postgres, all, sql).await
    }

    pub(super) async fn each(&mut self, sql: &str, mut row: impl FnMut(&dyn Source) -> Result<(), sqlx::Error>) -> Result<(), sqlx::Error> {
        let (mut raw, mut other) = (Vec::new(), Vec::new());
        here::each(&self.sqlite, sql, |found| {
            raw.push(Raw::of(found)?);
            row(found)
        })?;
        postgres::each(&mut self.postgres, sql, |found| {
            other.push(Raw::of(found)?);
            Ok(())
        })
        .await?;
        agree(sql, &raw, &other)
    }
}
