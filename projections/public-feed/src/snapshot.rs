//! What is so at the last event, line by line.

use std::collections::BTreeSet;
use std::ops::Bound;

use projection_runtime::Position;
use projection_runtime::sql::{Database, Value};
use projection_runtime::table::{Key as _, TableRow, select, select_column};
use public_events::ApplicationCode;
use public_events::snapshot::{Begin, End, Line};
use uuid::Uuid;

use crate::rows::{Access, Application, Organization, Relationship, Subscription, User};
use crate::{Scope, last, lines};

/// What a service is told that is so, in parts. All parts must be asked for in one transaction, so that they are of one position: that of
/// the last event there, after which [`page`](crate::page) goes on.
///
/// Everything: all rows. Limited to applications: these, the subscriptions and the access to them, and the organizations and users that
/// these name.
#[derive(Debug)]
pub struct Snapshot {
    epoch: Uuid,
    codes: Option<BTreeSet<ApplicationCode>>,
    /// The ids of the applications that it is limited to, once they have been looked up.
    only: Option<BTreeSet<String>>,
    section: Section,
    /// The key of the last row of the section that was told of; ids are never empty, so this is before all of them.
    after: Key,
    lines: u64,
}

/// One column or two.
type Key = (String, String);

#[derive(Debug, Clone, Copy)]
enum Section {
    Begin,
    Applications,
    Organizations,
    Users,
    Subscriptions,
    Accesses,
    Relationships,
    End,
    Over,
}

/// Rows, and after which key there may be more.
type Part<R> = (Vec<R>, Option<Key>);

impl Snapshot {
    /// One that begins.
    #[must_use]
    pub fn new(scope: Scope, epoch: Uuid) -> Self {
        let codes = match scope {
            Scope::Everything => None,
            Scope::Applications(codes) => Some(codes),
        };
        Self { epoch, codes, only: None, section: Section::Begin, after: Key::default(), lines: 0 }
    }

    /// The lines that come next, at least one and at most `limit` (1 to 1,000; the catalogue comes at once); none: there are no more.
    ///
    /// # Errors
    /// [`sqlx::Error`] of the database.
    pub async fn next(&mut self, rows: &mut impl Database, limit: u32) -> Result<Option<Vec<Line>>, sqlx::Error> {
        let limit = limit.clamp(1, 1_000);
        loop {
            let (lines, then) = match self.section {
                Section::Begin => (vec![self.begin(rows).await?], Section::Applications),
                Section::Applications => (self.applications(rows).await?, Section::Organizations),
                Section::Organizations => {
                    let part = self.organizations(rows, limit).await?;
                    self.told(part, lines::organization, Section::Users)
                }
                Section::Users => {
                    let part = self.users(rows, limit).await?;
                    self.told(part, lines::user, Section::Subscriptions)
                }
                Section::Subscriptions => {
                    let part = self.of_applications::<Subscription>(rows, "organization", limit).await?;
                    self.told(part, lines::subscription, Section::Accesses)
                }
                Section::Accesses => {
                    let then = if self.only.is_some() { Section::End } else { Section::Relationships };
                    let part = self.of_applications::<Access>(rows, "person", limit).await?;
                    self.told(part, lines::access, then)
                }
                Section::Relationships => {
                    let part = pairs::<Relationship>(rows, ("organization", "partner"), &self.after, limit).await?;
                    self.told(part, lines::relationship, Section::End)
                }
                Section::End => (vec![Line::End(End { lines: self.lines.saturating_add(1) })], Section::Over),
                Section::Over => return Ok(None),
            };
            self.section = then;
            self.lines = self.lines.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
            if !lines.is_empty() {
                return Ok(Some(lines));
            }
        }
    }

    /// The lines of a part, and which section is next: this one again, unless the part was its last.
    fn told<R>(&mut self, (rows, more): Part<R>, line: fn(R) -> Line, then: Section) -> (Vec<Line>, Section) {
        let next = if more.is_some() { self.section } else { then };
        self.after = more.unwrap_or_default();
        (rows.into_iter().map(line).collect(), next)
    }

    async fn begin(&self, rows: &mut impl Database) -> Result<Line, sqlx::Error> {
        let position = last(rows).await?.map_or(Position::START, |entry| entry.position);
        Ok(Line::Begin(Begin { position: public_events::Position(position.0), epoch: self.epoch }))
    }

    /// The catalogue at once: it is small.
    async fn applications(&mut self, rows: &mut impl Database) -> Result<Vec<Line>, sqlx::Error> {
        let mut all: Vec<Application> = select(rows, "ORDER BY application", Vec::new()).await?;
        if let Some(codes) = &self.codes {
            all.retain(|row| codes.iter().any(|code| code.as_str() == row.code));
            self.only = Some(all.iter().map(|row| row.application.to_string()).collect());
        }
        all.into_iter().map(lines::application).collect()
    }

    async fn organizations(&self, rows: &mut impl Database, limit: u32) -> Result<Part<Organization>, sqlx::Error> {
        let naming = [
            "SELECT organization FROM subscriptions WHERE application = $1 AND organization > $2 ORDER BY organization LIMIT $3",
            "SELECT DISTINCT organization FROM accesses WHERE application = $1 AND organization > $2 ORDER BY organization LIMIT $3",
        ];
        match &self.only {
            None => all(rows, "organization", &self.after, limit).await,
            Some(only) => named(rows, "organization", only, &naming, &self.after, limit).await,
        }
    }

    async fn users(&self, rows: &mut impl Database, limit: u32) -> Result<Part<User>, sqlx::Error> {
        let naming = ["SELECT person FROM accesses WHERE application = $1 AND person > $2 ORDER BY person LIMIT $3"];
        match &self.only {
            None => all(rows, "person", &self.after, limit).await,
            Some(only) => named(rows, "person", only, &naming, &self.after, limit).await,
        }
    }

    /// Rows whose key is an application and this column.
    async fn of_applications<R: TableRow>(&self, rows: &mut impl Database, column: &str, limit: u32) -> Result<Part<R>, sqlx::Error> {
        let Some(only) = &self.only else { return pairs(rows, ("application", column), &self.after, limit).await };
        let Some(application) = only.range(self.after.0.clone()..).next() else { return Ok((Vec::new(), None)) };
        let after = if *application == self.after.0 { self.after.1.clone() } else { String::new() };
        let rest = format!("WHERE application = $1 AND {column} > $2 ORDER BY {column} LIMIT $3");
        let found: Vec<R> = select(rows, &rest, vec![application.clone().into(), after.into(), limit.into()]).await?;
        let next = only.range::<String, _>((Bound::Excluded(application), Bound::Unbounded)).next();
        let more = more(&found, limit)?.or_else(|| next.map(|next| (next.clone(), String::new())));
        Ok((found, more))
    }
}

/// Rows whose key is this column.
async fn all<R: TableRow>(rows: &mut impl Database, column: &str, after: &Key, limit: u32) -> Result<Part<R>, sqlx::Error> {
    let rest = format!("WHERE {column} > $1 ORDER BY {column} LIMIT $2");
    let found = select(rows, &rest, vec![after.0.clone().into(), limit.into()]).await?;
    let more = more(&found, limit)?;
    Ok((found, more))
}

/// Rows whose key are these columns.
async fn pairs<R: TableRow>(rows: &mut impl Database, (one, two): (&str, &str), after: &Key, limit: u32) -> Result<Part<R>, sqlx::Error> {
    let rest = format!("WHERE ({one}, {two}) > ($1, $2) ORDER BY {one}, {two} LIMIT $3");
    let found = select(rows, &rest, vec![after.0.clone().into(), after.1.clone().into(), limit.into()]).await?;
    let more = more(&found, limit)?;
    Ok((found, more))
}

/// Rows whose key is this column, of those that any of the queries finds for any of the applications.
async fn named<R: TableRow>(
    rows: &mut impl Database,
    column: &str,
    applications: &BTreeSet<String>,
    naming: &[&str],
    after: &Key,
    limit: u32,
) -> Result<Part<R>, sqlx::Error> {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for application in applications {
        for query in naming {
            let parameters: Vec<Value> = vec![application.clone().into(), after.0.clone().into(), limit.into()];
            keys.extend(select_column::<String>(rows, query, parameters).await?);
        }
    }
    let page: Vec<String> = keys.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let Some(last) = page.last() else { return Ok((Vec::new(), None)) };
    let more = (last.clone(), String::new());
    let places: Vec<String> = (1..=page.len()).map(|number| format!("${number}")).collect();
    let rest = format!("WHERE {column} IN ({}) ORDER BY {column}", places.join(", "));
    Ok((select(rows, &rest, page.into_iter().map(Value::from).collect()).await?, Some(more)))
}

/// The key of the last of these rows, if there may be more after it.
fn more<R: TableRow>(found: &[R], limit: u32) -> Result<Option<Key>, sqlx::Error> {
    let is_full = u32::try_from(found.len()).is_ok_and(|found| found >= limit);
    let Some(last) = found.last().filter(|_| is_full) else { return Ok(None) };
    let mut columns = last.key().values()?.into_iter().map(|value| match value {
        Value::Text(text) => text.unwrap_or_default(),
        Value::Int(number) => number.unwrap_or_default().to_string(),
    });
    Ok(Some((columns.next().unwrap_or_default(), columns.next().unwrap_or_default())))
}
