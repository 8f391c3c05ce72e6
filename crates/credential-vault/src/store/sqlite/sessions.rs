//! Sessions in a file.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::SqliteStore;
use crate::error::VaultError;
use crate::sessions::{Live, SessionId};
use crate::store::rows::SessionRow;
use crate::store::statements::{INSERT_SESSION, TOUCH_SESSION};
use crate::store::{Ending, NewSession};
use crate::text::TextHash;

const SELECT: &str = "
SELECT
    id,
    hash,
    person,
    organization,
    created_at,
    ends_at,
    idle_us,
    seen_at
FROM sessions
";

impl SqliteStore {
    /// As [`crate::store::Store::insert_session`].
    pub(crate) fn insert_session(&self, new: NewSession) -> Result<(), VaultError> {
        let NewSession { hash, live } = new;
        let session = live.session;
        let (created_at, ends_at) = (session.created_at.as_microsecond(), session.ends_at.as_microsecond());
        let (person, organization) = (session.person.0.as_bytes(), session.organization.0.as_bytes());
        let connection = self.connection.lock();
        let row = params![session.id.0.as_bytes(), hash, person, organization, created_at, ends_at, live.idle_us];
        connection.execute(INSERT_SESSION, row)?;
        self.sessions.write().insert(hash, live);
        Ok(())
    }

    /// The session of this hash, over or not, from memory.
    pub(crate) fn session(&self, hash: &TextHash, now: Timestamp) -> Option<Arc<Live>> {
        self.notice_changes(now);
        self.sessions.read().get(hash).cloned()
    }

    /// As [`crate::store::Store::touch_session`].
    pub(crate) fn touch_session(&self, id: SessionId, seen_at_us: i64) -> Result<(), VaultError> {
        self.connection.lock().execute(TOUCH_SESSION, params![seen_at_us, id.0.as_bytes()])?;
        Ok(())
    }

    /// As [`crate::store::Store::end_sessions`].
    pub(crate) fn end_sessions(&self, ending: Ending) -> Result<(), VaultError> {
        let connection = self.connection.lock();
        match ending {
            Ending::One(id) => connection.execute("DELETE FROM sessions WHERE id = ?1", params![id.0.as_bytes()])?,
            Ending::AllOf(person) => connection.execute("DELETE FROM sessions WHERE person = ?1", params![person.0.as_bytes()])?,
            Ending::Others(person, keep) => {
                let statement = "DELETE FROM sessions WHERE person = ?1 AND id <> ?2";
                connection.execute(statement, params![person.0.as_bytes(), keep.0.as_bytes()])?
            }
        };
        self.drop_ended(ending);
        Ok(())
    }

    /// As [`crate::store::Store::sweep_sessions`]. Memory knows the latest use of each.
    pub(crate) fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        let connection = self.connection.lock();
        let now_us = now.as_microsecond();
        let mut removed = 0;
        let over: Vec<SessionId> = {
            let sessions = self.sessions.read();
            sessions.values().filter(|live| live.is_over(now_us)).map(|live| live.session.id).collect()
        };
        for id in over {
            removed += connection.execute("DELETE FROM sessions WHERE id = ?1", params![id.0.as_bytes()])?;
        }
        self.sessions.write().retain(|_, live| !live.is_over(now_us));
        Ok(removed)
    }

    /// Drops the sessions that end from memory.
    pub(super) fn drop_ended(&self, ending: Ending) {
        self.sessions.write().retain(|_, live| !ending.ends(&live.session));
    }

    /// Takes in the sessions as they are in the database; what is known of their latest use stays known.
    pub(super) fn reload_sessions(&self, connection: &Connection) -> Result<(), VaultError> {
        let mut statement = connection.prepare(SELECT)?;
        let mut rows = statement.query([])?;
        let mut sessions = self.sessions.write();
        let mut loaded = HashMap::new();
        while let Some(row) = rows.next()? {
            let hash: TextHash = row.get(1)?;
            let live = match sessions.get(&hash) {
                Some(known) => Arc::clone(known),
                None => {
                    let uuid = |column| row.get(column).map(Uuid::from_bytes);
                    let row = SessionRow {
                        id: uuid(0)?,
                        person: uuid(2)?,
                        organization: uuid(3)?,
                        created_at: row.get(4)?,
                        ends_at: row.get(5)?,
                        idle_us: row.get(6)?,
                        seen_at: row.get(7)?,
                    };
                    Arc::new(row.live()?)
                }
            };
            loaded.insert(hash, live);
        }
        *sessions = loaded;
        Ok(())
    }
}
