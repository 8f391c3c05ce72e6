//! Sessions of people who signed in: users and staff.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::{CredentialId, OrganizationId, PersonId, StaffId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::store::{Ending, NewSession, Raising};
use crate::text::{self, TextHash};
use crate::vault::Vault;

/// What a session's text begins with.
const PREFIX: &str = "gs_";
/// A session's last use is written when what is on disk is older than this part of its idle time. After a crash a session
/// may end that much earlier, never later.
const WRITTEN_PER_IDLE: i64 = 10;
/// How much of a label is kept, in characters.
const LABEL_CHARACTERS: usize = 60;

/// A session, by a name that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// As whom somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionHolder {
    /// A user.
    User {
        /// The organization that they act for.
        organization: OrganizationId,
    },
    /// A member of the operator's staff.
    Staff {
        /// Which one.
        staff: StaffId,
    },
}

/// What somebody has proved in a session; more is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// One factor: a password, or a one-time password.
    OneFactor,
    /// A second factor as well, or one that counts for two (a passkey that verified its user).
    TwoFactors,
    /// Both factors, to the operator's identity provider: a second factor of their own here is not asked for.
    TwoFactorsElsewhere,
}

impl Assurance {
    /// What stands for it in a row.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::OneFactor => 1,
            Self::TwoFactors => 2,
            Self::TwoFactorsElsewhere => 3,
        }
    }

    /// What a row says; none if it says something else.
    pub(crate) fn of_code(code: i64) -> Option<Self> {
        [Self::OneFactor, Self::TwoFactors, Self::TwoFactorsElsewhere].into_iter().find(|assurance| assurance.code() == code)
    }
}

/// What opened a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpenedBy {
    /// This password or one-time password.
    Secret(CredentialId),
    /// The operator's identity provider.
    Provider,
    /// An earlier version of the service, which did not write down what it was.
    Unrecorded,
}

/// What stands for the identity provider in a row. No id has this length.
const PROVIDER: &[u8] = b"provider";

impl OpenedBy {
    /// What stands for it in a row.
    pub(crate) fn column(self) -> Option<Vec<u8>> {
        match self {
            Self::Secret(credential) => Some(credential.0.into_bytes().to_vec()),
            Self::Provider => Some(PROVIDER.to_vec()),
            Self::Unrecorded => None,
        }
    }

    /// What a row says; none if it says something else.
    pub(crate) fn of_column(column: Option<&[u8]>) -> Option<Self> {
        match column {
            None => Some(Self::Unrecorded),
            Some(PROVIDER) => Some(Self::Provider),
            Some(id) => Uuid::from_slice(id).ok().map(|id| Self::Secret(CredentialId(id))),
        }
    }
}

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLifetime {
    /// Without being used.
    pub idle: SignedDuration,
    /// At most.
    pub absolute: SignedDuration,
}

impl SessionLifetime {
    /// Of users: half an hour without use; twelve hours at most.
    pub const USERS: Self = Self { idle: SignedDuration::from_mins(30), absolute: SignedDuration::from_hours(12) };
    /// Of staff, who see more: a quarter of an hour without use; nine hours at most, which is a day's work.
    pub const STAFF: Self = Self { idle: SignedDuration::from_mins(15), absolute: SignedDuration::from_hours(9) };
}

/// What a session should be.
#[derive(Debug, Clone)]
pub struct NewSessionOf {
    /// Who signed in.
    pub person: PersonId,
    /// As whom.
    pub holder: SessionHolder,
    /// What with.
    pub opened_by: OpenedBy,
    /// What they proved.
    pub assurance: Assurance,
    /// When they proved it, if that was not just now: at an identity provider, which they may have come to earlier.
    pub proved_at: Option<Timestamp>,
    /// How long it lives: [`SessionLifetime::USERS`] or [`SessionLifetime::STAFF`].
    pub lifetime: SessionLifetime,
    /// What they know it by in the list of their sessions, such as "Firefox on Linux"; no address. Cut to 60 characters.
    pub label: String,
}

/// A session, without its text, of which only the hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who signed in.
    pub person: PersonId,
    /// As whom.
    pub holder: SessionHolder,
    /// What opened it, or what its user has put in that one's place in it. Whether that still opens the account, the log knows.
    pub opened_by: OpenedBy,
    /// What they have proved in it.
    pub assurance: Assurance,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they last proved a factor.
    pub proved_at: Timestamp,
    /// When it ends at the latest.
    pub ends_at: Timestamp,
    /// What they know it by: at most 60 characters, perhaps none.
    pub label: String,
}

impl Session {
    /// The organization that a user acts for; none for staff.
    #[must_use]
    pub fn organization(&self) -> Option<OrganizationId> {
        match self.holder {
            SessionHolder::User { organization } => Some(organization),
            SessionHolder::Staff { .. } => None,
        }
    }
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

    /// The same, opened by something else.
    pub(crate) fn opened_by(&self, opened_by: OpenedBy) -> Self {
        Self {
            session: Session { opened_by, ..self.session.clone() },
            idle_us: self.idle_us,
            seen_at_us: AtomicI64::new(self.seen_at_us()),
            written_at_us: AtomicI64::new(self.written_at_us.load(Ordering::Relaxed)),
        }
    }

    /// When it was last used, as far as this process knows, in microseconds since 1970.
    pub(crate) fn seen_at_us(&self) -> i64 {
        self.seen_at_us.load(Ordering::Relaxed)
    }

    /// Takes in a use that another process wrote down, or this one knows of.
    pub(crate) fn seen(&self, at_us: i64) {
        self.seen_at_us.fetch_max(at_us, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self, now_us: i64) -> bool {
        now_us >= self.session.ends_at.as_microsecond() || now_us >= self.seen_at_us().saturating_add(self.idle_us)
    }
}

/// An id, a text and its hash for a session to be.
struct Fresh {
    id: SessionId,
    secret: Zeroizing<String>,
    hash: TextHash,
}

impl Fresh {
    fn draw() -> Result<Self, VaultError> {
        let secret = text::new_text(PREFIX)?;
        let hash = text::hash_of(PREFIX, &secret).ok_or(VaultError::DamagedRow { table: "sessions" })?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        Ok(Self { id: SessionId(uuid::Builder::from_random_bytes(id).into_uuid()), secret, hash })
    }
}

impl Vault {
    /// Makes a session for somebody who proved who they are. On disk when this returns.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn create_session(&self, new: NewSessionOf, now: Timestamp) -> Result<IssuedSession, VaultError> {
        let NewSessionOf { person, holder, opened_by, assurance, proved_at, lifetime, label } = new;
        let Fresh { id, secret, hash } = Fresh::draw()?;
        let ends_at = now.saturating_add(lifetime.absolute).unwrap_or(Timestamp::MAX);
        let label = label.chars().filter(|character| !character.is_control()).take(LABEL_CHARACTERS).collect();
        // The provider's clock may be a little ahead.
        let proved_at = proved_at.map_or(now, |at| at.min(now));
        let session = Session { id, person, holder, opened_by, assurance, created_at: now, proved_at, ends_at, label };
        let idle_us = lifetime.idle.as_micros().try_into().unwrap_or(i64::MAX);
        let live = Arc::new(Live::new(session.clone(), idle_us, now.as_microsecond()));
        self.inner.store.insert_session(NewSession { hash, live }).await?;
        Ok(IssuedSession { session, secret })
    }

    /// Goes on with a session under a new id and a new text, because a factor was proved in it just now; what was proved before stays
    /// proved. The old id and text end in the same write: after a crash there is one of the two. Holder, label, and when it ends at the
    /// latest stay. On disk when this returns. None if the session is over.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn raise_session(&self, id: SessionId, assurance: Assurance, now: Timestamp) -> Result<Option<IssuedSession>, VaultError> {
        let fresh = Fresh::draw()?;
        let raising = Raising { old: id, id: fresh.id, hash: fresh.hash, assurance, now };
        let raised = self.inner.store.raise_session(raising).await?;
        Ok(raised.map(|live| IssuedSession { session: live.session.clone(), secret: fresh.secret }))
    }

    /// The sessions of somebody that are not over, oldest first, each with its last use; that may have been up to a tenth of its idle time
    /// later, on another instance.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub async fn list_sessions(&self, person: PersonId, now: Timestamp) -> Result<Vec<(Session, Timestamp)>, VaultError> {
        let live = self.inner.store.sessions_of(person, now).await?;
        let seen_at = |live: &Live| Timestamp::from_microsecond(live.seen_at_us()).unwrap_or(live.session.created_at);
        Ok(live.into_iter().map(|live| (live.session.clone(), seen_at(&live))).collect())
    }

    /// The session of this text, if it is not over; counts as a use of it. Answers from memory, in PostgreSQL after the first time, and
    /// writes the use down only now and then (every tenth of the idle time): where a session is used on several instances in turn, it may
    /// end that much earlier, never later. What another instance has ended is over; what another process has ended in a file, after a second.
    ///
    /// # Errors
    /// If the database of a vault in PostgreSQL does not answer: then nothing that is remembered is trusted for longer than that second.
    pub async fn find_session(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, VaultError> {
        let Some(hash) = text::hash_of(PREFIX, secret) else { return Ok(None) };
        let now_us = now.as_microsecond();
        let Some(live) = self.inner.store.session(&hash, now).await? else { return Ok(None) };
        live.seen(now_us);
        let written = live.written_at_us.load(Ordering::Relaxed);
        if now_us.saturating_sub(written) > live.idle_us / WRITTEN_PER_IDLE
            && live.written_at_us.compare_exchange(written, now_us, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            self.write_use(live.session.id, now_us).await;
        }
        Ok(Some(live.session.clone()))
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
        self.inner.store.end_sessions(Ending::One(id)).await.map(|_| ())
    }

    /// Ends a session if it is this person's; false if they have none of this id.
    ///
    /// # Errors
    /// If the disk refuses; then the session goes on.
    pub async fn end_session_of(&self, person: PersonId, id: SessionId) -> Result<bool, VaultError> {
        Ok(self.inner.store.end_sessions(Ending::OneOf(person, id)).await? > 0)
    }

    /// Ends all sessions of somebody: a new password, a suspension, another role.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions go on.
    pub async fn end_all(&self, person: PersonId) -> Result<(), VaultError> {
        self.inner.store.end_sessions(Ending::AllOf(person)).await.map(|_| ())
    }

    /// Ends all sessions of somebody but this one.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions go on.
    pub async fn end_others(&self, person: PersonId, keep: SessionId) -> Result<(), VaultError> {
        self.inner.store.end_sessions(Ending::Others(person, keep, None)).await.map(|_| ())
    }

    /// Ends all sessions of somebody but this one, which counts as opened by this from now on: they set or changed the password in it. Both in
    /// one write.
    ///
    /// # Errors
    /// If the disk refuses; then the sessions are what they were.
    pub async fn end_others_and_reopen(&self, person: PersonId, keep: SessionId, opened_by: OpenedBy) -> Result<(), VaultError> {
        self.inner.store.end_sessions(Ending::Others(person, keep, Some(opened_by))).await.map(|_| ())
    }

    /// Removes the sessions that are over; says how many.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        self.inner.store.sweep_sessions(now).await
    }
}
