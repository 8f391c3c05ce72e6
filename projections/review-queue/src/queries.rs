//! What can be asked. All of it is about cases in the queue.

use std::fmt;
use std::str::FromStr;

use domain::{ApplicationId, Country, RegistrationId, StaffId};
use jiff::Timestamp;
use projection_runtime::sql::Value;
use projection_runtime::table::{TableRow, select};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::{QueueState, QueuedCase};

/// Which cases of the queue are asked for. Each part narrows it; none of them: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: Option<QueueState>,
    /// Claimed by this reviewer.
    pub claimed_by: Option<StaffId>,
    /// Asking for this application.
    pub application: Option<ApplicationId>,
    /// Of companies in this country.
    pub country: Option<Country>,
    /// Due before this instant: with now, those that are overdue.
    pub due_before: Option<Timestamp>,
    /// With this in the company's name or the case number, in any case.
    pub text: Option<String>,
}

/// A place in the queue: after this case. Written `1764061200000000.0198c2…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The case's place in the order.
    pub due_order: i64,
    /// The case.
    pub registration: RegistrationId,
}

/// That a text is no place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in the queue: give one that a page of it named, or none to begin")]
pub struct InvalidCursor;

/// A page of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The cases, those due first before the others; those whose clock stands last.
    pub cases: Vec<QueuedCase>,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<Cursor>,
}

/// How many cases are in the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting for a reviewer.
    pub submitted: u64,
    /// A reviewer works on them.
    pub in_review: u64,
    /// Waiting for the registrant.
    pub information_requested: u64,
    /// Waiting for a second reviewer.
    pub awaiting_second_approval: u64,
    /// Of all of these, those that should have been decided.
    pub overdue: u64,
}

impl Cursor {
    fn of(case: &QueuedCase) -> Self {
        Self { due_order: case.due_order, registration: case.registration }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.due_order, self.registration)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (due_order, registration) = text.split_once('.').ok_or(InvalidCursor)?;
        let due_order = due_order.parse().map_err(|_| InvalidCursor)?;
        Ok(Self { due_order, registration: registration.parse().map_err(|_| InvalidCursor)? })
    }
}

/// The cases after a place in the queue, at most `limit`. Pages of one filter hold each case once that stays where it is.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn page(conn: &mut AnyConnection, filter: &Filter, after: Option<Cursor>, limit: u32) -> Result<Page, sqlx::Error> {
    let mut statement = Statement::of(filter);
    statement.after(after);
    // One more than asked for tells whether there is a next page.
    let (sql, parameters) = statement.finish(u64::from(limit) + 1);
    // The text is put together from literals of this code; what comes from outside is a parameter.
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for parameter in parameters {
        query = match parameter {
            Value::Int(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
        };
    }
    let rows: Vec<AnyRow> = query.fetch_all(conn).await?;
    let mut cases = rows.iter().map(QueuedCase::read).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = cases.len() > limit;
    cases.truncate(limit);
    let next = cases.last().map(Cursor::of).filter(|_| has_more);
    Ok(Page { cases, next })
}

/// The case of this registration, if it is in the queue.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn get(conn: &mut AnyConnection, registration: RegistrationId) -> Result<Option<QueuedCase>, sqlx::Error> {
    let found = select(conn, "WHERE registration = $1 AND is_open = 1", vec![registration.to_string().into()]).await?;
    Ok(found.into_iter().next())
}

/// How many cases are in the queue, and how many of them are overdue at `now`.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn counts(conn: &mut AnyConnection, now: Timestamp) -> Result<Counts, sqlx::Error> {
    const SQL: &str = "SELECT state, COUNT(*), COUNT(CASE WHEN due_order < $1 THEN 1 END) FROM cases WHERE is_open = 1 GROUP BY state";
    let rows = sqlx::query(SQL).bind(now.as_microsecond()).fetch_all(conn).await?;
    let mut counts = Counts::default();
    for row in rows {
        let count = |index: usize| Ok::<_, sqlx::Error>(u64::try_from(row.try_get::<i64, _>(index)?).unwrap_or(0));
        match <QueueState as projection_runtime::table::Column>::read(&row, 0)? {
            QueueState::Submitted => counts.submitted = count(1)?,
            QueueState::InReview => counts.in_review = count(1)?,
            QueueState::InformationRequested => counts.information_requested = count(1)?,
            QueueState::AwaitingSecondApproval => counts.awaiting_second_approval = count(1)?,
            QueueState::Filling | QueueState::ApprovalPending | QueueState::Rejected => {}
        }
        counts.overdue += count(2)?;
    }
    Ok(counts)
}

/// The statement of a page, put together as it is asked for.
struct Statement {
    /// `cases`, or the rows by application first: CROSS JOIN keeps that order on SQLite, and is an inner join on both engines.
    from: &'static str,
    /// The columns that order it, of whichever table is first.
    order: &'static str,
    conditions: Vec<String>,
    parameters: Vec<Value>,
}

impl Statement {
    fn of(filter: &Filter) -> Self {
        let mut statement =
            Self { from: "cases", order: "due_order, registration", conditions: vec!["is_open = 1".to_owned()], parameters: Vec::new() };
        if let Some(application) = filter.application {
            statement.from = "application_cases CROSS JOIN cases";
            statement.order = "due_order_of_case, of_case";
            statement.conditions.push("registration = of_case".to_owned());
            statement.and("application = ?", application.to_string().into());
        }
        if let Some(state) = filter.state {
            statement.and("state = ?", state.as_str().into());
        }
        if let Some(reviewer) = filter.claimed_by {
            statement.and("claimed_by = ?", reviewer.to_string().into());
        }
        if let Some(country) = &filter.country {
            statement.and("country = ?", country.as_str().into());
        }
        if let Some(instant) = filter.due_before {
            let column = statement.order.split(',').next().unwrap_or_default();
            statement.and(&format!("{column} < ?"), instant.into());
        }
        if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            statement.and("search LIKE ? ESCAPE '!'", like(text).into());
        }
        statement
    }

    /// Adds a condition, in which `?` stands for the parameter.
    fn and(&mut self, condition: &str, value: Value) {
        self.parameters.push(value);
        self.conditions.push(condition.replace('?', &format!("${}", self.parameters.len())));
    }

    fn after(&mut self, cursor: Option<Cursor>) {
        let Some(cursor) = cursor else { return };
        self.parameters.push(cursor.due_order.into());
        self.parameters.push(cursor.registration.to_string().into());
        let last = self.parameters.len();
        self.conditions.push(format!("({}) > (${}, ${last})", self.order, last - 1));
    }

    fn finish(mut self, limit: u64) -> (String, Vec<Value>) {
        self.parameters.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let columns = QueuedCase::COLUMNS.join(", ");
        let conditions = self.conditions.join(" AND ");
        let sql =
            format!("SELECT {columns} FROM {} WHERE {conditions} ORDER BY {} LIMIT ${}", self.from, self.order, self.parameters.len());
        (sql, self.parameters)
    }
}

/// A pattern that finds the text anywhere, whatever characters are in it.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
