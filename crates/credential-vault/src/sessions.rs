//! Sessions of users who signed in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{OrganizationId, PersonId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::store::{Ending, NewSession};
use crate::text;
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

/// A session, and its latest use as far as this process knows.
pub(crate) struct Live {
    pub(crate) session: Session,
    pub(crate) idle_us: i64,
    seen_at_us: AtomicI64,
    written_at_us: AtomicI64,
}

impl Live {
    pub(crate) fn new(session: Session, idle_us: i64, seen_at_us: i64) -> Self {
        Self { session, idle_us, seen_at_us: AtomicI64::new(seen_at_us), written_at_us: AtomicI64::new(seen_at_us) }
    }

    pub(crate) fn is_over(&self, now_us: i64) -> bool {
        now_us >= self.session.ends_at.as_microsecond() || now_us >= self.seen_at_us.load(Ordering::Relaxed).saturating_add(self.idle_us)
    }
}

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
        let hash = text::hash_of(PREFIX, &secret).ok_or(VaultError::DamagedRow { table: "sessions" })?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let id = SessionId(uuid::Builder::from_random_bytes(id).into_uuid());
        let ends_at = now.saturating_add(lifetime.absolute).unwrap_or(Timestamp::MAX);
        let session = Session { id, person, organization, created_at: now, ends_at };
        let live = Live::new(session, lifetime.idle.as_micros().try_into().unwrap_or(i64::MAX), now.as_microsecond());
        self.inner.store.insert_session(NewSession { hash, live: Arc::new(live) }).await?;
        Ok(IssuedSession { session, secret })
    }

    /// The session of this text, if it is not over; counts as a use of it. Answers from memory, in PostgreSQL after the first time, and
    /// writes the use down only now and then (every tenth of the idle time): where a session is used on several instances in turn, it may
    /// end that much earlier, never later. What another instance has ended is over after a second at most.
    ///
    /// # Errors
    /// If the database of a vault in PostgreSQL does not answer: then nothing that is remembered is trusted for longer than that second.
    pub async fn find_session(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, VaultError> {
        let Some(hash) = text::hash_of(PREFIX, secret) else { return Ok(None) };
        let now_us = now.as_microsecond();
        let Some(live) = self.inner.store.session(&hash, now).await? else { return Ok(None) };
        live.seen_at_us.fetch_max(now_us, Ordering::Relaxed);
        let written = live.written_at_us.load(Ordering::Relaxed);
        if now_us.saturating_sub(written) > live.idle_us / WRITTEN_PER_IDLE
            && live.written_at_us.compare_exchange(written, now_us, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.write_use(live.session.id, now_us).await;
        }
        Ok(Some(live.session))
    }

    /// A use that cannot be written does not end the session: it is tried again with the next tenth.
    async fn write_use(&self, id: SessionId, now_us: i64) {
        if let Err(error) = self.inner.store.touch_session(id, now_us).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the use of a session could not be written down");
        }
    }

    /// Ends a session (signing out). Doing it again does nothing new.
    ///
    /// # Errors
    /// If the disk refuses; then the session goes on.
    pub async fn end_session(&self, id: SessionId) -> Result<(), VaultError> {
        self.inner.store.end_sessions(Ending::One(id)).await
    }

    /// Ends all sessions of a user: a new password, a suspension.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions go on.
    pub async fn end_all(&self, person: PersonId) -> Result<(), VaultError> {
        self.inner.store.end_sessions(Ending::AllOf(person)).await
    }

    /// Ends all sessions of a user but this one: they changed the password in it.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions go on.
    pub async fn end_others(&self, person: PersonId, keep: SessionId) -> Result<(), VaultError> {
        self.inner.store.end_sessions(Ending::Others(person, keep)).await
    }

    /// Removes the sessions that are over; says how many.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        self.inner.store.sweep_sessions(now).await
    }
}
