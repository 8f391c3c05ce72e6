//! Looking whether a log is whole.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::schema::{Role, connect};
use crate::{OpenError, schema};

/// What was found in a log. Whole means: no problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many events there are.
    pub events: u64,
    /// How many streams there are.
    pub streams: u64,
    /// What is wrong, a sentence each, for a person to read; at most a hundred.
    pub problems: Vec<String>,
}

/// Each finds places where something that must never be is; one row each, a sentence.
const RULES: &[&str] = &[
    "SELECT 'the positions go from ' || min(position) || ' to ' || max(position) || ', but there are ' || count(*) || ' events'
       FROM events
     HAVING count(*) > 0 AND (min(position) <> 1 OR max(position) <> count(*))",
    "SELECT 'stream ' || stream || ' has ' || count(*) || ' events with versions from ' || min(version) || ' to ' || max(version)
       FROM events
      GROUP BY stream
     HAVING min(version) <> 0 OR max(version) <> count(*) - 1
      LIMIT 20",
    "SELECT 'the events of stream ' || stream || ' are not in the order of their versions at position ' || position
       FROM (SELECT stream, position, lag(position) OVER (PARTITION BY stream ORDER BY version) AS earlier FROM events INDEXED BY events_by_stream)
      WHERE earlier > position
      LIMIT 20",
    "SELECT 'the event at position ' || position || ' was recorded before the one at the position before'
       FROM (SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS earlier FROM events)
      WHERE earlier > recorded_at
      LIMIT 20",
    "SELECT 'the event at position ' || position || ' belongs to a stream or has a type that is not there'
       FROM events
      WHERE NOT EXISTS (SELECT 1 FROM streams WHERE streams.id = events.stream)
         OR NOT EXISTS (SELECT 1 FROM types WHERE types.id = events.type)
      LIMIT 20",
    "SELECT 'stream ' || id || ' has no event, or a kind that is not there'
       FROM streams
      WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.stream = streams.id)
         OR NOT EXISTS (SELECT 1 FROM categories WHERE categories.id = streams.category)
      LIMIT 20",
    "SELECT 'the log has ' || count(*) || ' epochs' FROM meta HAVING count(*) <> 1",
];

/// Looks whether the log at this path is whole, without changing it, also while another process writes to it.
///
/// # Errors
/// [`OpenError`] if it is not a log, or of a newer version; damage is in the report.
pub fn check_file(path: &Path) -> Result<Report, OpenError> {
    let connection = connect(path, Role::Reader, OpenFlags::empty())?;
    schema::check_format(path, &connection)?;
    Ok(check(&connection)?)
}

pub(crate) fn check(connection: &Connection) -> rusqlite::Result<Report> {
    // One state of the log for all that is asked.
    let snapshot = connection.unchecked_transaction()?;
    let mut problems: Vec<String> = sentences(&snapshot, "PRAGMA integrity_check(20)")?;
    problems.retain(|finding| finding != "ok");
    if !problems.is_empty() {
        // The rules below would read a broken file, and might not end.
        return Ok(Report { events: 0, streams: 0, problems });
    }
    for rule in RULES {
        problems.extend(sentences(&snapshot, rule)?);
    }
    let count = |query: &str| snapshot.query_row(query, [], |row| row.get::<_, i64>(0)).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Report { events: count("SELECT count(*) FROM events")?, streams: count("SELECT count(*) FROM streams")?, problems })
}

fn sentences(connection: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    connection.prepare(query)?.query_map([], |row| row.get(0))?.collect()
}
