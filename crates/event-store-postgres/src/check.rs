//! Looking whether a log is whole.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// What was found in a log. Whole means: no problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many events there are.
    pub events: u64,
    /// How many streams there are.
    pub streams: u64,
    /// What is wrong, a sentence each, for a person to read; at most a hundred and fifty.
    pub problems: Vec<String>,
}

/// Each finds places where something that must never be is; one row each, a sentence.
const RULES: &[&str] = &[
    "SELECT 'the positions go from ' || min(position) || ' to ' || max(position) || ', but there are ' || count(*) || ' events'
       FROM events
     HAVING count(*) > 0 AND (min(position) <> 1 OR max(position) <> count(*))",
    "SELECT 'the log says that it ends at ' || head.position || ', but it ends at ' || e.position
       FROM head
      CROSS JOIN (SELECT coalesce(max(position), 0) AS position FROM events) e
      WHERE head.position <> e.position",
    "SELECT 'stream ' || key || ' of kind ' || category || ' has ' || count(*) || ' events with versions from ' || min(version) || ' to ' || max(version)
       FROM events
      GROUP BY category, key
     HAVING min(version) <> 0 OR max(version) <> count(*) - 1
      LIMIT 20",
    "SELECT 'the events of stream ' || key || ' of kind ' || category || ' are not in the order of their versions at position ' || position
       FROM (SELECT category, key, position, lag(position) OVER (PARTITION BY category, key ORDER BY version) AS earlier FROM events) e
      WHERE earlier > position
      LIMIT 20",
    "SELECT 'the event at position ' || position || ' was recorded before the one at the position before'
       FROM (SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS earlier FROM events) e
      WHERE earlier > recorded_at
      LIMIT 20",
    "SELECT 'the event at position ' || position || ' has a kind or a type that is not there'
       FROM events
      WHERE NOT EXISTS (SELECT FROM categories WHERE categories.id = events.category)
         OR NOT EXISTS (SELECT FROM types WHERE types.id = events.type)
      LIMIT 20",
    "SELECT 'the event at position ' || position || ' is larger than a record may be'
       FROM events
      WHERE octet_length(metadata) + octet_length(data) > 65535
      LIMIT 20",
    "SELECT 'the log says ' || count(*) || ' times where it ends' FROM head HAVING count(*) <> 1",
];

/// One state of the log for all that is asked, however long it takes.
const BEGIN: [&str; 2] = ["BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL statement_timeout = 0"];

pub(crate) async fn check(mut connection: PgConnection) -> Result<Report, sqlx::Error> {
    for statement in BEGIN {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    let mut problems: Vec<String> = Vec::new();
    for rule in RULES {
        problems.extend(sqlx::query_scalar::<_, String>(AssertSqlSafe(*rule)).fetch_all(&mut connection).await?);
    }
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&mut connection).await?;
    let streams: i64 =
        sqlx::query_scalar("SELECT count(*) FROM (SELECT DISTINCT category, key FROM events) s").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Report { events: crate::session::natural(events), streams: crate::session::natural(streams), problems })
}
