//! A batch of events on its way into the tables: facts are read once and written once, new mails are inserted together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{MailId, PersonId};
use projection_runtime::{Envelope, ProjectionError};
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use uuid::Uuid;

use crate::facts::{Fact, Facts, PersonFacts};
use crate::{Cursor, Link, Mail, MailState, Obstacle, Template, Variables};

/// How many facts are read or written by one statement.
const FACTS_AT_ONCE: usize = 64;
/// How many mails are inserted by one statement; 18 values each.
const MAILS_AT_ONCE: usize = 32;

/// What an event owes to one recipient.
pub(crate) struct Draft {
    pub(crate) template: Template,
    pub(crate) recipient: PersonId,
    pub(crate) about: Option<PersonId>,
    pub(crate) link: Link,
    pub(crate) variables: Variables,
}

/// What became of a mail, as columns.
pub(crate) struct Fate {
    pub(crate) state: MailState,
    pub(crate) attempts: u32,
    pub(crate) answer: String,
}

/// A batch in the making.
pub(crate) struct Batch<'a> {
    rows: &'a mut AnyConnection,
    facts: HashMap<Uuid, Option<Facts>>,
    changed: BTreeSet<Uuid>,
    /// Mails of this batch, not yet inserted. What changes mails looks here first.
    mails: BTreeMap<MailId, Mail>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(rows: &'a mut AnyConnection) -> Self {
        Self { rows, facts: HashMap::new(), changed: BTreeSet::new(), mails: BTreeMap::new() }
    }

    /// Reads the facts of these ids, many at once.
    pub(crate) async fn prefetch(&mut self, ids: impl Iterator<Item = Uuid>) -> Result<(), ProjectionError> {
        let ids: Vec<Uuid> = ids.filter(|id| !self.facts.contains_key(id)).collect::<BTreeSet<_>>().into_iter().collect();
        for chunk in ids.chunks(FACTS_AT_ONCE) {
            self.read(chunk).await?;
        }
        Ok(())
    }

    /// The facts of this id; the default if nothing is known.
    pub(crate) async fn get<F: Fact>(&mut self, id: Uuid) -> Result<F, ProjectionError> {
        if !self.facts.contains_key(&id) {
            self.read(&[id]).await?;
        }
        Ok(self.facts.get(&id).and_then(Option::as_ref).and_then(F::of).cloned().unwrap_or_default())
    }

    /// Sets the facts of this id.
    pub(crate) fn put<F: Fact>(&mut self, id: Uuid, facts: F) {
        self.facts.insert(id, Some(facts.wrap()));
        self.changed.insert(id);
    }

    /// Changes the facts of this id.
    pub(crate) async fn change<F: Fact>(&mut self, id: Uuid, change: impl FnOnce(&mut F)) -> Result<(), ProjectionError> {
        let mut facts: F = self.get(id).await?;
        change(&mut facts);
        self.put(id, facts);
        Ok(())
    }

    /// Owes a mail for this event.
    pub(crate) async fn owe(&mut self, envelope: &Envelope, draft: Draft) -> Result<(), ProjectionError> {
        let recipient: PersonFacts = self.get(draft.recipient.0).await?;
        let about_name = match draft.about {
            Some(about) => self.get::<PersonFacts>(about.0).await?.name.unwrap_or_default(),
            None => String::new(),
        };
        let id = MailId::of(envelope.id, &draft.recipient.to_string());
        let known = recipient.email.is_some();
        let mail = Mail {
            id,
            position: envelope.position,
            cause: envelope.id,
            template: draft.template,
            recipient: draft.recipient,
            to_address: recipient.email.unwrap_or_default(),
            recipient_name: recipient.name.unwrap_or_default(),
            about: draft.about,
            about_name,
            variables: if known { draft.variables } else { Variables::new() },
            link: draft.link,
            subject: envelope.event.key(),
            owed_at: envelope.recorded_at,
            state: MailState::Owed,
            attempts: 0,
            settled_at: None,
            answer: None,
            obstacle: None,
        };
        self.mails.insert(id, mail);
        Ok(())
    }

    /// Records what became of a mail. The first fate stands.
    pub(crate) async fn settle(&mut self, envelope: &Envelope, mail: MailId, fate: Fate) -> Result<(), ProjectionError> {
        if let Some(mail) = self.mails.get_mut(&mail) {
            if mail.state == MailState::Owed {
                mail.state = fate.state;
                mail.attempts = fate.attempts;
                mail.settled_at = Some(envelope.recorded_at);
                mail.answer = Some(fate.answer).filter(|answer| !answer.is_empty());
            }
            return Ok(());
        }
        sqlx::query("UPDATE mails SET state = $1, attempts = $2, settled_at = $3, answer = $4 WHERE mail_id = $5 AND state = 'owed'")
            .bind(fate.state.as_str())
            .bind(i64::from(fate.attempts))
            .bind(envelope.recorded_at.as_microsecond())
            .bind(fate.answer)
            .bind(mail.to_string())
            .execute(&mut *self.rows)
            .await?;
        Ok(())
    }

    /// Notes on the mails with this subject's link, as far as they are still owed, that the link does not work any more.
    pub(crate) async fn supersede(&mut self, subject: Uuid, templates: &[Template], why: &str) -> Result<(), ProjectionError> {
        for mail in self.mails.values_mut() {
            if mail.subject == subject && mail.state == MailState::Owed && mail.obstacle.is_none() && templates.contains(&mail.template) {
                mail.obstacle = Some(Obstacle::Superseded(why.to_owned()));
            }
        }
        let places: Vec<String> = (3..3 + templates.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "UPDATE mails SET superseded = $1 WHERE subject = $2 AND state = 'owed' AND superseded = '' AND template IN ({})",
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(why).bind(subject.to_string());
        for template in templates {
            query = query.bind(template.as_str());
        }
        query.execute(&mut *self.rows).await?;
        Ok(())
    }

    /// Blanks what is personal about somebody, in facts and mails.
    pub(crate) async fn forget(&mut self, person: PersonId) -> Result<(), ProjectionError> {
        self.change::<PersonFacts>(person.0, PersonFacts::forget).await?;
        for mail in self.mails.values_mut() {
            if mail.recipient == person {
                mail.to_address.clear();
                mail.recipient_name.clear();
                mail.variables.clear();
            }
            if mail.about == Some(person) {
                mail.about_name.clear();
            }
        }
        for statement in [
            "UPDATE mails SET to_address = '', recipient_name = '', variables = '{}' WHERE recipient = $1",
            "UPDATE mails SET about_name = '' WHERE about = $1 AND about <> ''",
        ] {
            sqlx::query(statement).bind(person.to_string()).execute(&mut *self.rows).await?;
        }
        Ok(())
    }

    /// Writes what the batch changed.
    pub(crate) async fn finish(mut self) -> Result<(), ProjectionError> {
        let mut changed = Vec::with_capacity(self.changed.len());
        for id in &self.changed {
            if let Some(Some(facts)) = self.facts.get(id) {
                changed.push((id.to_string(), json(facts)?));
            }
        }
        for chunk in changed.chunks(FACTS_AT_ONCE) {
            let sql = format!(
                "INSERT INTO facts (id, facts) VALUES {} ON CONFLICT (id) DO UPDATE SET facts = excluded.facts",
                rows_of(2, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(chunk.len() == FACTS_AT_ONCE);
            for (id, facts) in chunk {
                query = query.bind(id).bind(facts);
            }
            query.execute(&mut *self.rows).await?;
        }
        let mut mails: Vec<Mail> = std::mem::take(&mut self.mails).into_values().collect();
        mails.sort_by_key(|mail| Cursor { position: mail.position, mail: Some(mail.id) });
        for chunk in mails.chunks(MAILS_AT_ONCE) {
            self.insert(chunk).await?;
        }
        Ok(())
    }

    async fn read(&mut self, ids: &[Uuid]) -> Result<(), ProjectionError> {
        let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
        let sql = format!("SELECT id, facts FROM facts WHERE id IN ({})", places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(ids.len() == FACTS_AT_ONCE || ids.len() == 1);
        for id in ids {
            query = query.bind(id.to_string());
        }
        let found = query.fetch_all(&mut *self.rows).await?;
        self.facts.extend(ids.iter().map(|id| (*id, None)));
        for row in found {
            let id: String = row.try_get("id")?;
            let facts: String = row.try_get("facts")?;
            let id: Uuid = id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            let facts = serde_json::from_str(&facts).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            self.facts.insert(id, Some(facts));
        }
        Ok(())
    }

    async fn insert(&mut self, mails: &[Mail]) -> Result<(), ProjectionError> {
        let sql = format!(
            "INSERT INTO mails (mail_id, position, cause, template, recipient, to_address, recipient_name, about, about_name, variables, \
             link, subject, owed_at, state, attempts, settled_at, answer, superseded) VALUES {}",
            rows_of(18, mails.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(mails.len() == MAILS_AT_ONCE || mails.len() == 1);
        for mail in mails {
            let superseded = match &mail.obstacle {
                Some(Obstacle::Superseded(why)) => why.clone(),
                Some(Obstacle::RecipientForgotten) | None => String::new(),
            };
            query = query
                .bind(mail.id.to_string())
                .bind(crate::queries::column(mail.position))
                .bind(mail.cause.to_string())
                .bind(mail.template.as_str())
                .bind(mail.recipient.to_string())
                .bind(&mail.to_address)
                .bind(&mail.recipient_name)
                .bind(mail.about.map(|about| about.to_string()).unwrap_or_default())
                .bind(&mail.about_name)
                .bind(json(&mail.variables)?)
                .bind(json(&mail.link)?)
                .bind(mail.subject.to_string())
                .bind(mail.owed_at.as_microsecond())
                .bind(mail.state.as_str())
                .bind(i64::from(mail.attempts))
                .bind(mail.settled_at.map(jiff::Timestamp::as_microsecond).unwrap_or_default())
                .bind(mail.answer.clone().unwrap_or_default())
                .bind(superseded);
        }
        query.execute(&mut *self.rows).await?;
        Ok(())
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, ProjectionError> {
    serde_json::to_string(value).map_err(|error| ProjectionError::Database(sqlx::Error::Encode(Box::new(error))))
}

/// `($1, $2), ($3, $4)` for so many rows of so many columns.
fn rows_of(columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
