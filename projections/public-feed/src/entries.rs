//! The events as they are asked for.

use jiff::Timestamp;
use projection_runtime::Position;
use projection_runtime::sql::{Database, Value};
use projection_runtime::table::select;
use public_events::{ApplicationCode, Envelope, OrganizationId};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::Scope;
use crate::rows::Event;

/// A public event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub position: Position,
    /// The place of the public event before it; 0 for the first.
    pub previous: Position,
    /// The id of the stored event, and so of the public one.
    pub id: Uuid,
    /// Its type, such as `registration.submitted.v1`.
    pub kind: String,
    /// What it happened to, such as `registration/0192…`.
    pub subject: String,
    /// When the log recorded it.
    pub recorded_at: Timestamp,
    /// The application, if it is about exactly one.
    pub application: Option<ApplicationCode>,
    /// The organization, if it is about one.
    pub organization: Option<OrganizationId>,
    /// What happened: JSON, as [`public_events::PublicEvent::data`] wrote it.
    pub data: String,
}

/// What is the same in all envelopes of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Which service it is, as its operator configured: a URI.
    pub source: String,
    /// Where its schemas are: that of a type is `{schemas}/{type}.json`.
    pub schemas: String,
    /// Which history of the log positions belong to.
    pub epoch: Uuid,
}

impl Entry {
    /// As it is published.
    ///
    /// # Errors
    /// The data are no JSON: somebody changed the rows by hand.
    pub fn envelope(&self, origin: &Origin) -> Result<Envelope, serde_json::Error> {
        Ok(Envelope {
            specversion: "1.0".to_owned(),
            id: self.id,
            source: origin.source.clone(),
            kind: self.kind.clone(),
            subject: self.subject.clone(),
            time: self.recorded_at,
            datacontenttype: "application/json".to_owned(),
            dataschema: format!("{}/{}.json", origin.schemas, self.kind),
            position: public_events::Position(self.position.0),
            previous: public_events::Position(self.previous.0),
            epoch: origin.epoch,
            organization: self.organization,
            application: self.application.clone(),
            data: RawValue::from_string(self.data.clone())?,
        })
    }

    fn of(row: Event) -> Result<Self, sqlx::Error> {
        let code = |code: String| ApplicationCode::try_from(code).map_err(|error| sqlx::Error::Decode(error.into()));
        Ok(Self {
            position: Position(row.position),
            previous: Position(row.previous),
            id: row.id.0,
            kind: row.kind,
            subject: row.subject,
            recorded_at: row.recorded_at,
            application: row.application.map(code).transpose()?,
            organization: row.organization.map(|organization| OrganizationId(organization.0)),
            data: row.data,
        })
    }
}

const EVERYTHING: &str = "WHERE position > $1 ORDER BY position LIMIT $2";
const ERASED: &str = "WHERE kind = 'person.erased.v1' AND position > $1 ORDER BY position LIMIT $2";
const ABOUT: &str = "WHERE application = $1 AND position > $2 ORDER BY position LIMIT $3";

/// The events after a position that a service is told, at most `limit`, in their order. Fewer than `limit`: there are no more yet.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn page(rows: &mut impl Database, after: Position, limit: u32, scope: &Scope) -> Result<Vec<Entry>, sqlx::Error> {
    let after: Value = after.into();
    let most: Value = limit.into();
    let mut found = match scope {
        Scope::Everything => select(rows, EVERYTHING, vec![after, most]).await?,
        Scope::Applications(codes) => {
            let mut found: Vec<Event> = select(rows, ERASED, vec![after.clone(), most.clone()]).await?;
            for code in codes {
                found.extend(select::<Event>(rows, ABOUT, vec![code.as_str().into(), after.clone(), most.clone()]).await?);
            }
            found.sort_unstable_by_key(|event| event.position);
            found
        }
    };
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    found.into_iter().map(Entry::of).collect()
}

/// The last event; none: there is none yet.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn last(rows: &mut impl Database) -> Result<Option<Entry>, sqlx::Error> {
    select(rows, "ORDER BY position DESC LIMIT 1", Vec::new()).await?.pop().map(Entry::of).transpose()
}

/// The event at a position; none: what is there is not public, or not there yet.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn entry_at(rows: &mut impl Database, position: Position) -> Result<Option<Entry>, sqlx::Error> {
    select(rows, "WHERE position = $1", vec![position.into()]).await?.pop().map(Entry::of).transpose()
}

#[cfg(test)]
mod tests {
    use projection_runtime::Standalone;
    use projection_runtime::table::query;

    use super::*;
    use crate::PublicFeed;

    projection_runtime::table! {
        /// A step of a plan of SQLite.
        struct Step in "plan" {
            key {
                /// Counts.
                pub id: i64,
            }
            /// The step that it belongs to.
            pub parent: i64,
            /// Nothing.
            pub not_used: i64,
            /// What it does.
            pub detail: String,
        }
    }

    /// Whoever is limited to an application with few events must not read all others for it, page by page.
    #[tokio::test]
    async fn events_are_found_by_an_index_in_their_order_whoever_asks() {
        let folder = tempfile::tempdir().unwrap();
        let mut feed = Standalone::create(&folder.path().join("rows"), PublicFeed).await.unwrap();
        for (text, index) in
            [(EVERYTHING, "sqlite_autoindex_public_events"), (ERASED, "public_events_of_erasures"), (ABOUT, "public_events_by_application")]
        {
            let steps: Vec<Step> =
                query(feed.rows(), &format!("EXPLAIN QUERY PLAN SELECT * FROM public_events {text}"), Vec::new()).await.unwrap();
            let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
            assert!(steps.len() == 1 && steps[0].contains(index) && steps[0].contains("position>?"), "{text}: {steps:?}");
        }
    }
}
