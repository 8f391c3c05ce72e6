//! What can be asked. All of it is about cases in the queue.

use std::fmt;
use std::str::FromStr;

use domain::{ApplicationId, Country, RegistrationId, StaffId};
use jiff::Timestamp;
use projection_runtime::sql::{Database, Value};
use projection_runtime::table::{TableRow, query, select, select_column};

use crate::search::{Wanted, wanted};
use crate::{QueueState, QueuedCase, Tally};

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
    /// With these words: each is the beginning of a word of the company's name or the case number, without regard to case,
    /// accents and punctuation. A word of one letter finds only itself; a text without letters and digits narrows nothing.
    pub text: Option<String>,
}

/// A place in the queue: after this case. Written `1764061200000000.4711`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The case's place in the order.
    pub due_order: i64,
    /// The case's number.
    pub number: u64,
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
        Self { due_order: case.due_order, number: case.number }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.due_order, self.number)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (due_order, number) = text.split_once('.').ok_or(InvalidCursor)?;
        let due_order = due_order.parse().map_err(|_| InvalidCursor)?;
        Ok(Self { due_order, number: number.parse().map_err(|_| InvalidCursor)? })
    }
}

/// The cases after a place in the queue, at most `limit`. Pages of one filter hold each case once that stays where it is.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn page(conn: &mut impl Database, filter: &Filter, after: Option<Cursor>, limit: u32) -> Result<Page, sqlx::Error> {
    let words = filter.text.as_deref().map(wanted).unwrap_or_default();
    let Some(words) = Words::count(conn, words).await? else { return Ok(Page { cases: Vec::new(), next: None }) };
    let mut statement = Statement::of(filter, &words);
    statement.after(after);
    // One more than asked for tells whether there is a next page.
    let (sql, parameters) = statement.finish(u64::from(limit) + 1);
    let mut cases: Vec<QueuedCase> = query(conn, &sql, parameters).await?;
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
pub async fn get(conn: &mut impl Database, registration: RegistrationId) -> Result<Option<QueuedCase>, sqlx::Error> {
    let found = select(conn, "WHERE registration = $1 AND is_open = 1", vec![registration.to_string().into()]).await?;
    Ok(found.into_iter().next())
}

/// How many cases are in the queue, and how many of them are overdue at `now`.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn counts(conn: &mut impl Database, now: Timestamp) -> Result<Counts, sqlx::Error> {
    let mut counts = Counts::default();
    for Tally { state, cases } in select(conn, "", Vec::new()).await? {
        match state {
            QueueState::Submitted => counts.submitted = cases,
            QueueState::InReview => counts.in_review = cases,
            QueueState::InformationRequested => counts.information_requested = cases,
            QueueState::AwaitingSecondApproval => counts.awaiting_second_approval = cases,
            QueueState::Filling | QueueState::ApprovalPending | QueueState::Rejected => {}
        }
    }
    // Those alone are counted one by one: they are few, or there is another trouble.
    let overdue = "SELECT COUNT(*) FROM cases WHERE is_open = 1 AND due_order < $1";
    counts.overdue = select_column(conn, overdue, vec![now.into()]).await?.first().copied().unwrap_or_default();
    Ok(counts)
}

/// The most open cases that a word may be in to be looked up by it. What more have is soon found along the queue: of a hundred
/// thousand cases, one of a hundred has it. Measured: both cost about a millisecond there.
const RARE: u64 = 1_000;

/// What is looked for, and which of it is looked up.
struct Words {
    all: Vec<Wanted>,
    rare: Option<Wanted>,
}

impl Words {
    /// Sees how many cases each word is in, as far as that matters. None: no case has one of them.
    async fn count(conn: &mut impl Database, mut all: Vec<Wanted>) -> Result<Option<Self>, sqlx::Error> {
        if all.is_empty() {
            return Ok(Some(Self { all, rare: None }));
        }
        let count = format!("SELECT COUNT(*) FROM (SELECT 1 AS one FROM search_terms WHERE term = $1 LIMIT {}) AS few", RARE + 1);
        let mut counted: Vec<u64> = Vec::with_capacity(all.len());
        for word in &all {
            counted.extend(select_column::<u64>(conn, &count, vec![word.term.as_str().into()]).await?);
        }
        let Some((place, fewest)) = counted.into_iter().enumerate().min_by_key(|(_, count)| *count) else { return Ok(None) };
        if fewest == 0 {
            return Ok(None);
        }
        let rare = (fewest <= RARE).then(|| all.remove(place));
        Ok(Some(Self { all, rare }))
    }
}

/// The statement of a page, put together as it is asked for.
struct Statement {
    /// `cases`, or the rows by application or by word first: CROSS JOIN keeps that order on SQLite, and is an inner join on both engines.
    from: &'static str,
    /// The columns that order it, of whichever table is first.
    order: &'static str,
    conditions: Vec<String>,
    parameters: Vec<Value>,
}

impl Statement {
    fn of(filter: &Filter, words: &Words) -> Self {
        let mut statement =
            Self { from: "cases", order: "due_order, number", conditions: vec!["is_open = 1".to_owned()], parameters: Vec::new() };
        if let Some(Wanted { term, pattern, is_whole }) = &words.rare {
            statement.from = "search_terms CROSS JOIN cases";
            statement.conditions.push("number = of_case".to_owned());
            statement.and("term = ?", term.as_str().into());
            if !is_whole {
                statement.and("search LIKE ?", pattern.as_str().into());
            }
        }
        for Wanted { pattern, .. } in &words.all {
            statement.and("search LIKE ?", pattern.as_str().into());
        }
        match filter.application {
            // A JSON list of ids.
            Some(application) if words.rare.is_some() => statement.and("applications LIKE ?", format!("%{application}%").into()),
            Some(application) => {
                statement.from = "application_cases CROSS JOIN cases";
                statement.order = "due_order_of_case, of_case";
                statement.conditions.push("number = of_case".to_owned());
                statement.and("application = ?", application.to_string().into());
            }
            None => {}
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
        self.parameters.push(i64::try_from(cursor.number).unwrap_or(i64::MAX).into());
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
