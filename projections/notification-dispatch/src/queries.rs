//! What can be asked of the outbox.

use std::collections::BTreeMap;

use domain::MailId;
use jiff::Timestamp;
use projection_runtime::Position;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::{Cursor, Mail, MailState, Obstacle, Owed, Template};

/// How many mails are read by one statement.
const IDS_AT_ONCE: usize = 64;

/// Why the outbox could not answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The database refused or failed.
    #[error("the outbox cannot be read")]
    Database(#[from] sqlx::Error),
    /// A row holds something that no version of this code writes.
    #[error("the outbox holds something unreadable: {0}")]
    Unreadable(String),
}

/// One page of the outbox, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxPage {
    /// At most as many as were asked for.
    pub mails: Vec<Mail>,
    /// Where the next page begins; none: this was the last.
    pub next: Option<Cursor>,
}

/// Mails that are owed, in the order of their causes, from after this place on. At most `limit`.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn owed_after(rows: &mut AnyConnection, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError> {
    let found = sqlx::query(
        "SELECT mail_id, position, owed_at
         FROM mails
         WHERE state = 'owed' AND (position > $1 OR (position = $1 AND mail_id > $2))
         ORDER BY position, mail_id
         LIMIT $3",
    )
    .bind(column(after.position))
    .bind(after.mail.map(|mail| mail.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(rows)
    .await?;
    found.iter().map(owed).collect()
}

/// Mails that are owed since before `now`, oldest first, at most `limit`: what an operator sees as the queue.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn due(rows: &mut AnyConnection, now: Timestamp, limit: u32) -> Result<Vec<Mail>, OutboxError> {
    let found = sqlx::query("SELECT * FROM mails WHERE state = 'owed' AND owed_at <= $1 ORDER BY position, mail_id LIMIT $2")
        .bind(now.as_microsecond())
        .bind(i64::from(limit))
        .fetch_all(rows)
        .await?;
    found.iter().map(mail).collect()
}

/// These mails, in any order; ids that there is no mail of are left out.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn by_ids(rows: &mut AnyConnection, ids: &[MailId]) -> Result<Vec<Mail>, OutboxError> {
    let mut mails = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_AT_ONCE) {
        let places: Vec<String> = (1..=chunk.len()).map(|place| format!("${place}")).collect();
        let sql = format!("SELECT * FROM mails WHERE mail_id IN ({})", places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == IDS_AT_ONCE || chunk.len() == 1);
        for id in chunk {
            query = query.bind(id.to_string());
        }
        for row in query.fetch_all(&mut *rows).await? {
            mails.push(mail(&row)?);
        }
    }
    Ok(mails)
}

/// A page of the outbox, newest first: of one state or of all, from before this place on.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn page(
    rows: &mut AnyConnection,
    state: Option<MailState>,
    before: Option<Cursor>,
    limit: u32,
) -> Result<OutboxPage, OutboxError> {
    let before = before.unwrap_or(Cursor { position: Position(u64::MAX), mail: None });
    let found = sqlx::query(
        "SELECT *
         FROM mails
         WHERE (position < $1 OR (position = $1 AND mail_id < $2)) AND ($3 = '' OR state = $3)
         ORDER BY position DESC, mail_id DESC
         LIMIT $4",
    )
    .bind(column(before.position))
    .bind(before.mail.map(|mail| mail.to_string()).unwrap_or_default())
    .bind(state.map(MailState::as_str).unwrap_or_default())
    .bind(i64::from(limit) + 1)
    .fetch_all(rows)
    .await?;
    let mut mails = found.iter().map(mail).collect::<Result<Vec<_>, _>>()?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = mails.len() > wanted;
    mails.truncate(wanted);
    let next = if more { mails.last().map(|mail| Cursor { position: mail.position, mail: Some(mail.id) }) } else { None };
    Ok(OutboxPage { mails, next })
}

/// How many mails there are of each state; every state is there, with 0 if need be. Reads the whole table: not for hot paths.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn counts(rows: &mut AnyConnection) -> Result<BTreeMap<MailState, u64>, OutboxError> {
    let found = sqlx::query("SELECT state, COUNT(*) AS mails FROM mails GROUP BY state").fetch_all(rows).await?;
    let mut counts: BTreeMap<MailState, u64> = MailState::ALL.into_iter().map(|state| (state, 0)).collect();
    for row in found {
        let state: String = row.try_get("state")?;
        let mails: i64 = row.try_get("mails")?;
        let state = MailState::parse(&state).ok_or_else(|| OutboxError::Unreadable(format!("state {state}")))?;
        counts.insert(state, u64::try_from(mails).unwrap_or_default());
    }
    Ok(counts)
}

/// A position as a column; positions beyond what a column holds do not occur.
pub(crate) fn column(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}

fn owed(row: &AnyRow) -> Result<Owed, OutboxError> {
    Ok(Owed {
        id: parsed(row, "mail_id")?,
        position: Position(u64::try_from(row.try_get::<i64, _>("position")?).unwrap_or_default()),
        owed_at: instant(row, "owed_at")?,
    })
}

fn mail(row: &AnyRow) -> Result<Mail, OutboxError> {
    let template: String = row.try_get("template")?;
    let state: String = row.try_get("state")?;
    let about: String = row.try_get("about")?;
    let answer: String = row.try_get("answer")?;
    let superseded: String = row.try_get("superseded")?;
    let to_address: String = row.try_get("to_address")?;
    let settled_at = instant(row, "settled_at")?;
    let obstacle = if to_address.is_empty() {
        Some(Obstacle::RecipientForgotten)
    } else {
        Some(superseded).filter(|why| !why.is_empty()).map(Obstacle::Superseded)
    };
    Ok(Mail {
        id: parsed(row, "mail_id")?,
        position: Position(u64::try_from(row.try_get::<i64, _>("position")?).unwrap_or_default()),
        cause: parsed(row, "cause")?,
        template: Template::parse(&template).ok_or_else(|| OutboxError::Unreadable(format!("template {template}")))?,
        recipient: parsed(row, "recipient")?,
        to_address,
        recipient_name: row.try_get("recipient_name")?,
        about: if about.is_empty() { None } else { Some(parsed(row, "about")?) },
        about_name: row.try_get("about_name")?,
        variables: read_json(row, "variables")?,
        link: read_json(row, "link")?,
        subject: parsed(row, "subject")?,
        owed_at: instant(row, "owed_at")?,
        state: MailState::parse(&state).ok_or_else(|| OutboxError::Unreadable(format!("state {state}")))?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or_default(),
        settled_at: Some(settled_at).filter(|at| *at != Timestamp::UNIX_EPOCH),
        answer: Some(answer).filter(|answer| !answer.is_empty()),
        obstacle,
    })
}

fn parsed<T: std::str::FromStr>(row: &AnyRow, name: &str) -> Result<T, OutboxError> {
    let text: String = row.try_get(name)?;
    text.parse().map_err(|_error| OutboxError::Unreadable(format!("{name} {text}")))
}

fn instant(row: &AnyRow, name: &str) -> Result<Timestamp, OutboxError> {
    let microseconds: i64 = row.try_get(name)?;
    Timestamp::from_microsecond(microseconds).map_err(|_error| OutboxError::Unreadable(format!("{name} {microseconds}")))
}

fn read_json<T: serde::de::DeserializeOwned>(row: &AnyRow, name: &str) -> Result<T, OutboxError> {
    let text: String = row.try_get(name)?;
    serde_json::from_str(&text).map_err(|error| OutboxError::Unreadable(format!("{name}: {error}")))
}
