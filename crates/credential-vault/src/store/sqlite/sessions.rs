//! Sessions in a file.

use std::collections::HashMap;
use std::sync::Arc;

use domain::PersonId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::SqliteStore;
use crate::error::VaultError;
use crate::sessions::{Live, SessionId};
use crate::store::rows::{self, SessionRow};
use crate::store::statements::{INSERT_SESSION, SWEEP_CEREMONIES, TOUCH_SESSION, session_columns};
use crate::store::{Ending, NewSession, Raising};
use crate::text::TextHash;

const SELECT: &str = concat!("SELECT", session_columns!(), "FROM sessions");

const SELECT_OF: &str = concat!("SELECT", session_columns!(), "FROM sessions WHERE person = ?1 ORDER BY created_at, id");

/// One row changes its id and its hash. Uses are written down every tenth of the idle time: one that is over for certain stays over.
const RAISE: &str = concat!(
    "
UPDATE sessions
SET
    id = ?1,
    hash = ?2,
    assurance = max(assurance, ?3),
    proved_at = ?4,
    seen_at = ?4
WHERE id = ?5
    AND ends_at > ?4
    AND ?4 - seen_at - idle_us < idle_us / 10
RETURNING",
    session_columns!()
);

impl SqliteStore {
    /// As [`crate::store::Store::insert_session`].
    pub(crate) fn insert_session(&self, new: NewSession) -> Result<(), VaultError> {
        let NewSession { hash, live } = new;
        let session = &live.session;
        let (organization, staff) = rows::holder_columns(session.holder);
        let connection = self.connection.lock();
        let row = params![
            session.id.0.as_bytes(),
            hash,
            session.person.0.as_bytes(),
            organization.map(Uuid::into_bytes),
            staff.map(Uuid::into_bytes),
            session.assurance.code(),
            session.created_at.as_microsecond(),
            session.ends_at.as_microsecond(),
            live.idle_us,
            session.label,
            session.opened_by.column()
        ];
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

    /// As [`crate::store::Store::raise_session`].
    pub(crate) fn raise_session(&self, raising: Raising) -> Result<Option<Arc<Live>>, VaultError> {
        let Raising { old, id, hash, assurance, now } = raising;
        let connection = self.connection.lock();
        let change = params![id.0.as_bytes(), hash, assurance.code(), now.as_microsecond(), old.0.as_bytes()];
        let Some((_, row)) = connection.query_row(RAISE, change, session_row).optional()? else { return Ok(None) };
        let live = Arc::new(row.live()?);
        self.drop_ended(Ending::One(old));
        self.sessions.write().insert(hash, Arc::clone(&live));
        Ok(Some(live))
    }

    /// As [`crate::store::Store::sessions_of`], those that are over among them. Memory knows the latest use of each.
    pub(crate) fn sessions_of(&self, person: PersonId) -> Result<Vec<Arc<Live>>, VaultError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare(SELECT_OF)?;
        let found = statement.query_map(params![person.0.as_bytes()], session_row)?.collect::<Result<Vec<_>, _>>()?;
        let sessions = self.sessions.read();
        found
            .into_iter()
            .map(|(hash, row)| sessions.get(&hash).map_or_else(|| row.live().map(Arc::new), |live| Ok(Arc::clone(live))))
            .collect()
    }

    /// As [`crate::store::Store::end_sessions`].
    pub(crate) fn end_sessions(&self, ending: Ending) -> Result<u64, VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let ended = match ending {
            Ending::One(id) => transaction.execute("DELETE FROM sessions WHERE id = ?1", params![id.0.as_bytes()])?,
            Ending::OneOf(person, id) => {
                let statement = "DELETE FROM sessions WHERE person = ?1 AND id = ?2";
                transaction.execute(statement, params![person.0.as_bytes(), id.0.as_bytes()])?
            }
            Ending::AllOf(person) => transaction.execute("DELETE FROM sessions WHERE person = ?1", params![person.0.as_bytes()])?,
            Ending::Others(person, keep, _) => {
                let statement = "DELETE FROM sessions WHERE person = ?1 AND id <> ?2";
                transaction.execute(statement, params![person.0.as_bytes(), keep.0.as_bytes()])?
            }
        };
        if let Some((person, keep, opened_by)) = ending.reopens() {
            let statement = "UPDATE sessions SET opened_by = ?1 WHERE person = ?2 AND id = ?3";
            transaction.execute(statement, params![opened_by.column(), person.0.as_bytes(), keep.0.as_bytes()])?;
        }
        transaction.commit()?;
        self.drop_ended(ending);
        if let Some((person, keep, opened_by)) = ending.reopens() {
            let mut sessions = self.sessions.write();
            let kept = sessions.values_mut().find(|live| live.session.person == person && live.session.id == keep);
            if let Some(kept) = kept {
                *kept = Arc::new(kept.opened_by(opened_by));
            }
        }
        Ok(u64::try_from(ended).unwrap_or(u64::MAX))
    }

    /// As [`crate::store::Store::sweep_sessions`]. Memory knows the latest use of each.
    pub(crate) fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        let connection = self.connection.lock();
        let now_us = now.as_microsecond();
        connection.execute(SWEEP_CEREMONIES, params![now_us])?;
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
        let rows = statement.query_map([], session_row)?;
        let mut sessions = self.sessions.write();
        let mut loaded = HashMap::new();
        for row in rows {
            let (hash, row) = row?;
            let read = row.live()?;
            let live = match sessions.get(&hash) {
                Some(known) if known.session == read.session => Arc::clone(known),
                Some(known) => {
                    read.seen(known.seen_at_us());
                    Arc::new(read)
                }
                None => Arc::new(read),
            };
            loaded.insert(hash, live);
        }
        *sessions = loaded;
        Ok(())
    }
}

fn session_row(row: &Row<'_>) -> Result<(TextHash, SessionRow), rusqlite::Error> {
    let uuid = |column| row.get(column).map(Uuid::from_bytes);
    let perhaps = |column| row.get::<_, Option<[u8; 16]>>(column).map(|id| id.map(Uuid::from_bytes));
    let session = SessionRow {
        id: uuid(1)?,
        person: uuid(2)?,
        organization: perhaps(3)?,
        staff: perhaps(4)?,
        assurance: row.get(5)?,
        created_at: row.get(6)?,
        proved_at: row.get(7)?,
        ends_at: row.get(8)?,
        idle_us: row.get(9)?,
        seen_at: row.get(10)?,
        label: row.get(11)?,
        opened_by: row.get(12)?,
    };
    Ok((row.get(0)?, session))
}
