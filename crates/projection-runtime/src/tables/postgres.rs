//! Statements that are run on PostgreSQL.

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres};

use super::{FromRow, Source};
use crate::sql::{Given, Kind, Value};

/// The most rows of one statement: what bounds its memory, here and there.
const ROWS: usize = 20_000;

// All texts below consist of literals of this code and of the names of parameters.

pub(super) async fn define(db: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *db).await?;
    Ok(())
}

pub(super) async fn run(db: &mut PgConnection, sql: &str, parameters: Vec<Value>) -> Result<u64, sqlx::Error> {
    Ok(bind(sql, parameters).execute(&mut *db).await?.rows_affected())
}

pub(super) async fn fetch<R: FromRow>(db: &mut PgConnection, sql: &str, parameters: Vec<Value>) -> Result<Vec<R>, sqlx::Error> {
    read(bind(sql, parameters), db).await
}

pub(super) async fn run_many(db: &mut PgConnection, all: Vec<Vec<Value>>, sql: impl Fn(&Given) -> String) -> Result<(), sqlx::Error> {
    for chunk in chunks(all) {
        let (sql, columns) = together(chunk, &sql);
        bind_columns(&sql, columns).execute(&mut *db).await?;
    }
    Ok(())
}

pub(super) async fn fetch_many<R: FromRow>(
    db: &mut PgConnection,
    all: Vec<Vec<Value>>,
    sql: impl Fn(&Given) -> String,
) -> Result<Vec<R>, sqlx::Error> {
    let mut found = Vec::new();
    for chunk in chunks(all) {
        let (sql, columns) = together(chunk, &sql);
        found.append(&mut read(bind_columns(&sql, columns), db).await?);
    }
    Ok(found)
}

pub(super) async fn each(
    db: &mut PgConnection,
    sql: &str,
    mut row: impl FnMut(&dyn Source) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    let mut rows = bind(sql, Vec::new()).fetch(&mut *db);
    while let Some(found) = rows.try_next().await? {
        row(&found)?;
    }
    Ok(())
}

type Bound = Query<'static, Postgres, PgArguments>;

async fn read<R: FromRow>(query: Bound, db: &mut PgConnection) -> Result<Vec<R>, sqlx::Error> {
    let rows: Vec<PgRow> = query.fetch_all(&mut *db).await?;
    rows.iter().map(R::from_row).collect()
}

fn bind(sql: &str, parameters: Vec<Value>) -> Bound {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    parameters.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value.map(clean)),
    })
}

/// PostgreSQL keeps no NUL in a text. The domain has none either; one that came in must not stop a read model.
fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

/// The values of one column.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

impl Column {
    fn kind(&self) -> Kind {
        match self {
            Self::Int(_) => Kind::Int,
            Self::Text(_) => Kind::Text,
        }
    }

    /// A value of the other kind is a defect of the code that gave it, and reads as NULL.
    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Int(all), Value::Int(value)) => all.push(value),
            (Self::Text(all), Value::Text(value)) => all.push(value.map(clean)),
            (Self::Int(all), Value::Text(_)) => all.push(None),
            (Self::Text(all), Value::Int(_)) => all.push(None),
        }
    }
}

/// The rows as columns, and the statement that takes them so.
fn together(rows: Vec<Vec<Value>>, sql: impl Fn(&Given) -> String) -> (String, Vec<Column>) {
    let count = rows.len();
    let empty = |value: &Value| match value {
        Value::Int(_) => Column::Int(Vec::with_capacity(count)),
        Value::Text(_) => Column::Text(Vec::with_capacity(count)),
    };
    let mut columns: Vec<Column> = rows.first().into_iter().flatten().map(empty).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    (sql(&Given::All(columns.iter().map(Column::kind).collect())), columns)
}

fn bind_columns(sql: &str, columns: Vec<Column>) -> Bound {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    columns.into_iter().fold(query, |query, column| match column {
        Column::Int(values) => query.bind(values),
        Column::Text(values) => query.bind(values),
    })
}

fn chunks(rows: Vec<Vec<Value>>) -> impl Iterator<Item = Vec<Vec<Value>>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<_> = rows.by_ref().take(ROWS).collect();
        (!chunk.is_empty()).then_some(chunk)
    })
}
