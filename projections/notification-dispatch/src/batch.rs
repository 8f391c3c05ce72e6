//! A batch of events on its way into the tables: facts are read once and written once, new mails are inserted together, and so
//! are changes of those that are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{MailId, PersonId};
use jiff::Timestamp;
use projection_runtime::sql::Value;
use projection_runtime::table::{TableRow, execute, load};
use projection_runtime::{Envelope, ProjectionError, Tables};
use uuid::Uuid;

use crate::facts::{Fact, Facts, Linking, PersonFacts};
use crate::schema::{FactsRow, MailRow};
use crate::{Cursor, Link, Mail, MailState, Obstacle, Template, Variables};

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

/// What the batch says of a mail that was owed before it.
#[derive(Default)]
struct Change {
    superseded: Option<String>,
    fate: Option<(Fate, Timestamp)>,
}

/// A batch in the making.
pub(crate) struct Batch<'a> {
    rows: Tables<'a>,
    facts: HashMap<Uuid, Option<Facts>>,
    changed: BTreeSet<Uuid>,
    /// Mails of this batch, not yet inserted. What changes mails looks here first.
    mails: BTreeMap<MailId, Mail>,
    /// Of mails that were owed before.
    changes: BTreeMap<MailId, Change>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(rows: Tables<'a>) -> Self {
        Self { rows, facts: HashMap::new(), changed: BTreeSet::new(), mails: BTreeMap::new(), changes: BTreeMap::new() }
    }

    /// Reads the facts of these ids, many at once.
    pub(crate) async fn prefetch(&mut self, ids: BTreeSet<Uuid>) -> Result<(), ProjectionError> {
        let ids: Vec<Uuid> = ids.into_iter().filter(|id| !self.facts.contains_key(id)).collect();
        let found: Vec<FactsRow> = load(&mut self.rows, ids.iter().map(|id| (*id,))).await?;
        self.facts.extend(ids.into_iter().map(|id| (id, None)));
        self.facts.extend(found.into_iter().map(|row| (row.id, Some(row.facts.0))));
        Ok(())
    }

    /// Knows that nothing is known of these ids: their streams begin with this batch.
    pub(crate) fn begin(&mut self, ids: impl Iterator<Item = Uuid>) {
        self.facts.extend(ids.map(|id| (id, None)));
    }

    /// The facts of this id; the default if nothing is known.
    pub(crate) async fn get<F: Fact>(&mut self, id: Uuid) -> Result<F, ProjectionError> {
        if !self.facts.contains_key(&id) {
            self.prefetch(BTreeSet::from([id])).await?;
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

    /// Owes a mail for this event, whose link may stop working before it is sent: the facts of its subject note it.
    pub(crate) async fn owe_link<F: Linking>(&mut self, subject: Uuid, envelope: &Envelope, draft: Draft) -> Result<(), ProjectionError> {
        let template = draft.template;
        let mail = self.owe(envelope, draft).await?;
        self.change::<F>(subject, |facts| facts.links().push((template, mail))).await
    }

    /// Owes a mail for this event. Its id.
    pub(crate) async fn owe(&mut self, envelope: &Envelope, draft: Draft) -> Result<MailId, ProjectionError> {
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
        Ok(id)
    }

    /// Records what became of a mail. The first fate stands.
    pub(crate) fn settle(&mut self, envelope: &Envelope, mail: MailId, fate: Fate) {
        let Some(mail) = self.mails.get_mut(&mail) else {
            self.changes.entry(mail).or_default().fate.get_or_insert((fate, envelope.recorded_at));
            return;
        };
        if mail.state == MailState::Owed {
            mail.state = fate.state;
            mail.attempts = fate.attempts;
            mail.settled_at = Some(envelope.recorded_at);
            mail.answer = Some(fate.answer).filter(|answer| !answer.is_empty());
        }
    }

    /// Notes on the mails with this subject's link, as far as they are still owed, that the link does not work any more.
    pub(crate) async fn supersede<F: Linking>(&mut self, subject: Uuid, templates: &[Template], why: &str) -> Result<(), ProjectionError> {
        let mut facts: F = self.get(subject).await?;
        let stale: Vec<MailId> = facts.links().extract_if(.., |(template, _)| templates.contains(template)).map(|(_, mail)| mail).collect();
        if stale.is_empty() {
            return Ok(());
        }
        self.put(subject, facts);
        for id in stale {
            match self.mails.get_mut(&id) {
                Some(mail) if mail.state == MailState::Owed => mail.obstacle = Some(Obstacle::Superseded(why.to_owned())),
                Some(_) => {}
                None => {
                    let change = self.changes.entry(id).or_default();
                    if change.fate.is_none() {
                        change.superseded.get_or_insert_with(|| why.to_owned());
                    }
                }
            }
        }
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
            execute(&mut self.rows, statement, vec![person.0.into()]).await?;
        }
        Ok(())
    }

    /// Writes what the batch changed.
    pub(crate) async fn finish(mut self) -> Result<(), ProjectionError> {
        let mut facts = Vec::with_capacity(self.changed.len());
        for id in &self.changed {
            if let Some(Some(found)) = self.facts.get(id) {
                facts.push(vec![(*id).into(), json(found)?.into()]);
            }
        }
        FactsRow::TABLE.upsert(&mut self.rows, facts).await?;
        let (mut superseded, mut settled) = (Vec::new(), Vec::new());
        for (id, change) in self.changes {
            if let Some(why) = change.superseded {
                superseded.push(vec![id.0.into(), why.into()]);
            }
            if let Some((fate, at)) = change.fate {
                settled.push(vec![id.0.into(), fate.state.as_str().into(), fate.attempts.into(), at.into(), fate.answer.into()]);
            }
        }
        // A link that stopped working is noted on mails that are owed, so before their fates.
        MailRow::TABLE.update(&mut self.rows, &["superseded"], "mails.state = 'owed' AND mails.superseded = ''", superseded).await?;
        MailRow::TABLE.update(&mut self.rows, &["state", "attempts", "settled_at", "answer"], "mails.state = 'owed'", settled).await?;
        let mut mails: Vec<Mail> = self.mails.into_values().collect();
        mails.sort_by_key(|mail| Cursor { position: mail.position, mail: Some(mail.id) });
        MailRow::TABLE.insert(&mut self.rows, mails.into_iter().map(values).collect::<Result<_, _>>()?).await?;
        Ok(())
    }
}

/// A mail as a row.
fn values(mail: Mail) -> Result<Vec<Value>, ProjectionError> {
    let superseded = match mail.obstacle {
        Some(Obstacle::Superseded(why)) => why,
        Some(Obstacle::RecipientForgotten) | None => String::new(),
    };
    Ok(vec![
        mail.id.0.into(),
        mail.position.into(),
        mail.cause.0.into(),
        mail.template.as_str().into(),
        mail.recipient.0.into(),
        mail.to_address.into(),
        mail.recipient_name.into(),
        mail.about.map(|about| about.to_string()).unwrap_or_default().into(),
        mail.about_name.into(),
        json(&mail.variables)?.into(),
        json(&mail.link)?.into(),
        mail.subject.into(),
        mail.owed_at.into(),
        mail.state.as_str().into(),
        mail.attempts.into(),
        mail.settled_at.map(Timestamp::as_microsecond).unwrap_or_default().into(),
        mail.answer.unwrap_or_default().into(),
        superseded.into(),
    ])
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, ProjectionError> {
    serde_json::to_string(value).map_err(|error| ProjectionError::Database(sqlx::Error::Encode(Box::new(error))))
}
