//! What can be asked of the outbox.

use std::collections::BTreeMap;

use domain::{MailId, PersonId};
use jiff::Timestamp;
use projection_runtime::sql::Database;
use projection_runtime::table::{Column as _, load, query, select};
use projection_runtime::{Position, table};

use crate::schema::MailRow;
use crate::{Cursor, Mail, MailState, Obstacle, Owed, Template};

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
pub async fn owed_after(rows: &mut impl Database, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError> {
    let rest = "WHERE state = 'owed' AND (position > $1 OR (position = $1 AND mail_id > $2)) ORDER BY position, mail_id LIMIT $3";
    let mail = after.mail.map(|mail| mail.to_string()).unwrap_or_default();
    let found: Vec<OwedRow> = select(rows, rest, vec![after.position.into(), mail.into(), i64::from(limit).into()]).await?;
    let owed = |row: OwedRow| Owed { id: row.mail_id, position: Position(row.position), owed_at: row.owed_at };
    Ok(found.into_iter().map(owed).collect())
}

/// Mails that are owed since before `now`, oldest first, at most `limit`: what an operator sees as the queue.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn due(rows: &mut impl Database, now: Timestamp, limit: u32) -> Result<Vec<Mail>, OutboxError> {
    let rest = "WHERE state = 'owed' AND owed_at <= $1 ORDER BY position, mail_id LIMIT $2";
    mails(select(rows, rest, vec![now.into(), i64::from(limit).into()]).await?)
}

/// These mails, in any order; ids that there is no mail of are left out.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn by_ids(rows: &mut impl Database, ids: &[MailId]) -> Result<Vec<Mail>, OutboxError> {
    mails(load(rows, ids.iter().map(|id| (*id,))).await?)
}

/// How many mails are owed to a person.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn owed_to(rows: &mut impl Database, person: PersonId) -> Result<u64, OutboxError> {
    let text = "SELECT state, COUNT(*) AS mails FROM mails WHERE recipient = $1 AND state = 'owed' GROUP BY state";
    let found: Vec<CountRow> = query(rows, text, vec![person.value()?]).await?;
    Ok(found.first().map_or(0, |row| row.mails))
}

/// A page of the outbox, newest first: of one state or of all, from before this place on.
///
/// # Errors
/// [`OutboxError`] when the database fails.
pub async fn page(
    rows: &mut impl Database,
    state: Option<MailState>,
    before: Option<Cursor>,
    limit: u32,
) -> Result<OutboxPage, OutboxError> {
    let before = before.unwrap_or(Cursor { position: Position(u64::MAX), mail: None });
    let rest = "WHERE (position < $1 OR (position = $1 AND mail_id < $2)) AND ($3 = '' OR state = $3)
         ORDER BY position DESC, mail_id DESC
         LIMIT $4";
    let parameters = vec![
        before.position.into(),
        before.mail.map(|mail| mail.to_string()).unwrap_or_default().into(),
        state.map(MailState::as_str).unwrap_or_default().into(),
        (i64::from(limit) + 1).into(),
    ];
    let mut mails = mails(select(rows, rest, parameters).await?)?;
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
pub async fn counts(rows: &mut impl Database) -> Result<BTreeMap<MailState, u64>, OutboxError> {
    let found: Vec<CountRow> = query(rows, "SELECT state, COUNT(*) AS mails FROM mails GROUP BY state", Vec::new()).await?;
    let mut counts: BTreeMap<MailState, u64> = MailState::ALL.into_iter().map(|state| (state, 0)).collect();
    for CountRow { state, mails } in found {
        let state = MailState::parse(&state).ok_or_else(|| OutboxError::Unreadable(format!("state {state}")))?;
        counts.insert(state, mails);
    }
    Ok(counts)
}

table! {
    /// How many mails are in a state.
    struct CountRow in "mails" {
        key {
            /// Which state.
            pub state: String,
        }
        /// How many.
        pub mails: u64,
    }
}

table! {
    /// What the dispatcher schedules by.
    struct OwedRow in "mails" {
        key {
            /// Its id.
            pub mail_id: MailId,
        }
        /// Where its cause stands in the log.
        pub position: u64,
        /// When it came to be owed.
        pub owed_at: Timestamp,
    }
}

fn mails(rows: Vec<MailRow>) -> Result<Vec<Mail>, OutboxError> {
    rows.into_iter().map(mail).collect()
}

fn mail(row: MailRow) -> Result<Mail, OutboxError> {
    let unreadable = |what: &str, text: &str| OutboxError::Unreadable(format!("{what} {text}"));
    let obstacle = if row.to_address.is_empty() {
        Some(Obstacle::RecipientForgotten)
    } else {
        Some(row.superseded).filter(|why| !why.is_empty()).map(Obstacle::Superseded)
    };
    let about = Some(row.about).filter(|about| !about.is_empty());
    Ok(Mail {
        id: row.mail_id,
        position: Position(row.position),
        cause: row.cause,
        template: Template::parse(&row.template).ok_or_else(|| unreadable("template", &row.template))?,
        recipient: row.recipient,
        to_address: row.to_address,
        recipient_name: row.recipient_name,
        about: about.map(|about| about.parse().map_err(|_error| unreadable("about", &about))).transpose()?,
        about_name: row.about_name,
        variables: row.variables.0,
        link: row.link.0,
        subject: row.subject,
        owed_at: row.owed_at,
        state: MailState::parse(&row.state).ok_or_else(|| unreadable("state", &row.state))?,
        attempts: row.attempts,
        settled_at: Some(row.settled_at).filter(|at| *at != Timestamp::UNIX_EPOCH),
        answer: Some(row.answer).filter(|answer| !answer.is_empty()),
        obstacle,
    })
}
