//! Sessions of users who signed in.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{OrganizationId, PersonId};
use jiff::{SignedDuration, Timestamp};
use parking_lot::RwLock;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::store::instant;
use crate::text::{self, TextHash};
use crate::vault::Vault;

/// What a session's text begins with.
const PREFIX: &str = "gs_";
/// A session's last use is written when what is on disk is older than this part of its idle time. After a crash a session
/// may end that much earlier, never later.
const WRITTEN_PER_IDLE: i64 = 10;

/// A session, by a name that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Without being used.
    pub idle: SignedDuration,
    /// At most.
    pub absolute: SignedDuration,
}

/// Half an hour without use; twelve hours at most.
impl Default for SessionLifetime {
    fn default() -> Self {
        Self { idle: SignedDuration::from_mins(30), absolute: SignedDuration::from_hours(12) }
    }
}

/// A session, without its text, of which only the hash is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The user.
    pub person: PersonId,
    /// The organization that the user acts for.
    pub organization: OrganizationId,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
}

/// A session that was created just now.
pub struct IssuedSession {
    /// What it is.
    pub session: Session,
    /// Its text, given to the client this once: `gs_` and 42 letters and digits.
    pub secret: Zeroizing<String>,
}

/// Never shows the text.
impl fmt::Debug for IssuedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedSession").field("session", &self.session).finish_non_exhaustive()
    }
}

struct Live {
    session: Session,
    idle_us: i64,
    seen_at_us: AtomicI64,
    written_at_us: AtomicI64,
}

impl Live {
    fn is_over(&self, now_us: i64) -> bool {
        now_us >= self.session.ends_at.as_microsecond() || now_us >= self.seen_at_us.load(Ordering::Relaxed).saturating_add(self.idle_us)
    }
}

/// The sessions, by the hash of their text.
#[derive(Default)]
pub(crate) struct Sessions {
    by_hash: RwLock<HashMap<TextHash, Arc<Live>>>,
}

const INSERT: &str = "
INSERT INTO sessions (id, hash, person, organization, created_at, ends_at, idle_us, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?5)
";

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

const TOUCH: &str = "
UPDATE sessions
SET seen_at = max(seen_at, ?2)
WHERE id = ?1
";

impl Vault {
    /// Makes a session of this user for this organization. On disk when this returns.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn create_session(
        &self,
        person: PersonId,
        organization: OrganizationId,
        lifetime: SessionLifetime,
        now: Timestamp,
    ) -> Result<IssuedSession, VaultError> {
        let secret = text::new_text(PREFIX)?;
        let hash = text::hash_of(PREFIX, &secret).ok_or(DAMAGED)?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let id = SessionId(uuid::Builder::from_random_bytes(id).into_uuid());
        let ends_at = now.saturating_add(lifetime.absolute).unwrap_or(Timestamp::MAX);
        let session = Session { id, person, organization, created_at: now, ends_at };
        let live = Live::new(session, lifetime.idle.as_micros().try_into().unwrap_or(i64::MAX), now.as_microsecond());
        self.run(move |inner| {
            let connection = inner.connection.lock();
            let (created_at, ends_at) = (now.as_microsecond(), ends_at.as_microsecond());
            let (person, organization) = (person.0.as_bytes(), organization.0.as_bytes());
            connection.execute(INSERT, params![id.0.as_bytes(), hash, person, organization, created_at, ends_at, live.idle_us])?;
            inner.sessions.by_hash.write().insert(hash, Arc::new(live));
            Ok(())
        })
        .await?;
        Ok(IssuedSession { session, secret })
    }

    /// The session of this text, if it is not over; counts as a use of it. Answers from memory, and writes the use down
    /// only now and then (every tenth of the idle time).
    pub async fn find_session(&self, secret: &str, now: Timestamp) -> Option<Session> {
        let hash = text::hash_of(PREFIX, secret)?;
        self.inner.notice_changes(now);
        let now_us = now.as_microsecond();
        let live = self.inner.sessions.by_hash.read().get(&hash).cloned()?;
        if live.is_over(now_us) {
            return None;
        }
        live.seen_at_us.fetch_max(now_us, Ordering::Relaxed);
        let written = live.written_at_us.load(Ordering::Relaxed);
        if now_us.saturating_sub(written) > live.idle_us / WRITTEN_PER_IDLE
            && live.written_at_us.compare_exchange(written, now_us, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.write_use(live.session.id, now_us).await;
        }
        Some(live.session)
    }

    /// A use that cannot be written does not end the session: it is tried again with the next tenth.
    async fn write_use(&self, id: SessionId, now_us: i64) {
        let written = self.run(move |inner| Ok(inner.connection.lock().execute(TOUCH, params![id.0.as_bytes(), now_us])?)).await;
        if let Err(error) = written {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the use of a session could not be written down");
        }
    }

    /// Ends a session (signing out). Doing it again does nothing new.
    ///
    /// # Errors
    /// If the disk refuses; then the session goes on.
    pub async fn end_session(&self, id: SessionId) -> Result<(), VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            connection.execute("DELETE FROM sessions WHERE id = ?1", params![id.0.as_bytes()])?;
            inner.sessions.by_hash.write().retain(|_, live| live.session.id != id);
            Ok(())
        })
        .await
    }

    /// Ends all sessions of a user: a new password, a suspension.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions go on.
    pub async fn end_all(&self, person: PersonId) -> Result<(), VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            connection.execute("DELETE FROM sessions WHERE person = ?1", params![person.0.as_bytes()])?;
            inner.sessions.forget_all(person);
            Ok(())
        })
        .await
    }

    /// Ends all sessions of a user but this one: they changed the password in it.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions go on.
    pub async fn end_others(&self, person: PersonId, keep: SessionId) -> Result<(), VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            connection.execute("DELETE FROM sessions WHERE person = ?1 AND id <> ?2", params![person.0.as_bytes(), keep.0.as_bytes()])?;
            inner.sessions.by_hash.write().retain(|_, live| live.session.person != person || live.session.id == keep);
            Ok(())
        })
        .await
    }

    /// Removes the sessions that are over; says how many.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            let now_us = now.as_microsecond();
            let mut removed = 0;
            let over: Vec<SessionId> = {
                let sessions = inner.sessions.by_hash.read();
                sessions.values().filter(|live| live.is_over(now_us)).map(|live| live.session.id).collect()
            };
            for id in over {
                removed += connection.execute("DELETE FROM sessions WHERE id = ?1", params![id.0.as_bytes()])?;
            }
            inner.sessions.by_hash.write().retain(|_, live| !live.is_over(now_us));
            Ok(removed)
        })
        .await
    }
}

impl Live {
    fn new(session: Session, idle_us: i64, seen_at_us: i64) -> Self {
        Self { session, idle_us, seen_at_us: AtomicI64::new(seen_at_us), written_at_us: AtomicI64::new(seen_at_us) }
    }
}

impl Sessions {
    /// Takes in the sessions as they are in the database; what is known of their latest use stays known.
    pub(crate) fn load(&self, connection: &Connection) -> Result<(), VaultError> {
        let mut statement = connection.prepare(SELECT)?;
        let mut rows = statement.query([])?;
        let mut sessions = self.by_hash.write();
        let mut loaded = HashMap::new();
        while let Some(row) = rows.next()? {
            let session = Session {
                id: SessionId(Uuid::from_bytes(row.get(0)?)),
                person: PersonId(Uuid::from_bytes(row.get(2)?)),
                organization: OrganizationId(Uuid::from_bytes(row.get(3)?)),
                created_at: instant(row.get(4)?).ok_or(DAMAGED)?,
                ends_at: instant(row.get(5)?).ok_or(DAMAGED)?,
            };
            let hash: TextHash = row.get(1)?;
            let live = match sessions.get(&hash) {
                Some(known) => Arc::clone(known),
                None => Arc::new(Live::new(session, row.get(6)?, row.get(7)?)),
            };
            loaded.insert(hash, live);
        }
        *sessions = loaded;
        Ok(())
    }

    /// Drops the sessions of this user.
    pub(crate) fn forget_all(&self, person: PersonId) {
        self.by_hash.write().retain(|_, live| live.session.person != person);
    }
}

const DAMAGED: VaultError = VaultError::DamagedRow { table: "sessions" };
