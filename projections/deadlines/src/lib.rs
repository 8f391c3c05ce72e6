//! When time should be passed to whom: unanswered invitations, unsubmitted registrations, reviews that are due, claims that
//! lapse, approvals that take effect.
//!
//! A row says no more than that its aggregate should be asked then; whether anything follows, the aggregate decides by its own
//! state. So a row too many does no harm, and a row is never missing.

mod apply;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use projection_runtime::sql::{Database, Value};
use projection_runtime::{Envelope, Projection, ProjectionError, Tables, table};

pub use rows::{Deadline, Kind};

/// The read model `deadlines`.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// How long before its end the addressee of an unanswered invitation is reminded; zero: never.
    pub invitation_reminder: SignedDuration,
}

#[async_trait]
impl Projection for Deadlines {
    fn name(&self) -> &'static str {
        "deadlines"
    }

    fn version(&self) -> u32 {
        2
    }

    fn schema(&self) -> &'static [&'static str] {
        &[
            "CREATE TABLE deadlines (
                id TEXT NOT NULL PRIMARY KEY,
                kind TEXT NOT NULL,
                next BIGINT,
                expires_at BIGINT,
                remind_at BIGINT,
                soon_at BIGINT,
                due_at BIGINT,
                claim_until BIGINT,
                effective_at BIGINT,
                review_due BIGINT
            )",
            "CREATE INDEX deadlines_by_next ON deadlines (next, id) WHERE next IS NOT NULL",
            "CREATE INDEX deadlines_of_reviews ON deadlines (id) WHERE review_due IS NOT NULL",
        ]
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        &[("deadlines", "id")]
    }

    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        apply::apply(rows, self.invitation_reminder, events).await
    }
}

/// Whose time has come at `now`, the longest overdue first; after this row, or from the first one.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn reached(rows: &mut impl Database, now: Timestamp, after: Option<&Deadline>, limit: u32) -> Result<Vec<Deadline>, sqlx::Error> {
    let (next, id) = after.map_or((i64::MIN, ""), |row| (row.next.map_or(i64::MIN, Timestamp::as_microsecond), row.id.as_str()));
    let parameters = vec![
        Value::Int(Some(now.as_microsecond())),
        Value::Int(Some(next)),
        Value::Int(Some(next)),
        Value::Text(Some(id.to_owned())),
        Value::Int(Some(i64::from(limit))),
    ];
    let rest = "WHERE next IS NOT NULL AND next <= $1 AND next >= $2 AND (next > $3 OR id > $4) ORDER BY next, id LIMIT $5";
    table::select(rows, rest, parameters).await
}

/// The open cases whose business clock runs, overdue ones too: those that a change of the calendar moves. In the order of their
/// ids, after this one.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn running_reviews(rows: &mut impl Database, after: &str, limit: u32) -> Result<Vec<Deadline>, sqlx::Error> {
    let parameters = vec![Value::Text(Some(after.to_owned())), Value::Int(Some(i64::from(limit)))];
    table::select(rows, "WHERE id > $1 AND review_due IS NOT NULL ORDER BY id LIMIT $2", parameters).await
}
