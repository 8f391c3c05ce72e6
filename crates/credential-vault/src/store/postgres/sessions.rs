//! Sessions in PostgreSQL.

use std::sync::Arc;

use domain::PersonId;
use jiff::Timestamp;

use super::{PostgresStore, bytes, perhaps_uuid, uuid};
use crate::error::VaultError;
use crate::sessions::{Live, SessionId};
use crate::store::rows::{self, SessionRow};
use crate::store::statements::{INSERT_SESSION, SWEEP_CEREMONIES, TOUCH_SESSION, session_columns};
use crate::store::{Ending, NewSession, Raising};
use crate::text::TextHash;

const SELECT: &str = concat!("SELECT", session_columns!(), "FROM sessions WHERE hash = $1");

const SELECT_OF: &str = concat!("SELECT", session_columns!(), "FROM sessions WHERE person = $1 ORDER BY created_at, id");

/// `$1`: the session, or `$2`: the person; `$3`: the session that stays; `$4`: the person whose it must be; `$5`: what the session that stays
/// counts as opened by from now on. What is null does not count. Whatever ends or changes counts up the version in the same statement, so
/// that others notice.
const END: &str = "
WITH ended AS (
    DELETE FROM sessions
    WHERE (id = $1 OR person = $2)
        AND ($3::BYTEA IS NULL OR id <> $3)
        AND ($4::BYTEA IS NULL OR person = $4)
    RETURNING id
), reopened AS (
    UPDATE sessions
    SET opened_by = $5
    WHERE $5::BYTEA IS NOT NULL
        AND id = $3
        AND person = $2
    RETURNING id
), noticed AS (
    UPDATE vault
    SET version = version + 1
    WHERE EXISTS (SELECT id FROM ended)
        OR EXISTS (SELECT id FROM reopened)
)
SELECT count(*)
FROM ended
";

/// One row changes its id and its hash; the version counts up in the same statement, as the old hash has ended. Uses are written down
/// every tenth of the idle time: one that is over for certain stays over.
const RAISE: &str = concat!(
    "
WITH raised AS (
    UPDATE sessions
    SET
        id = $1,
        hash = $2,
        assurance = greatest(assurance, $3),
        proved_at = $4,
        seen_at = $4
    WHERE id = $5
        AND ends_at > $4
        AND $4 - seen_at - idle_us < idle_us / 10
    RETURNING",
    session_columns!(),
    "
), noticed AS (
    UPDATE vault
    SET version = version + 1
    WHERE EXISTS (SELECT id FROM raised)
)
SELECT",
    session_columns!(),
    "
FROM raised
"
);

/// Instances write a use down when a tenth of the idle time has passed since the last: a session is over for certain a tenth later.
const SWEEP: &str = "
DELETE FROM sessions
WHERE ends_at <= $1
    OR $1 - seen_at - idle_us >= idle_us / 10
";

type Columns = (Vec<u8>, Vec<u8>, Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>, i64, i64, Option<i64>, i64, i64, i64, String, Option<Vec<u8>>);

impl PostgresStore {
    /// As [`crate::store::Store::insert_session`].
    pub(crate) async fn insert_session(&self, new: NewSession) -> Result<(), VaultError> {
        let NewSession { hash, live } = new;
        let session = &live.session;
        let (organization, staff) = rows::holder_columns(session.holder);
        sqlx::query(INSERT_SESSION)
            .bind(bytes(session.id.0))
            .bind(hash.as_slice())
            .bind(bytes(session.person.0))
            .bind(organization.map(bytes))
            .bind(staff.map(bytes))
            .bind(session.assurance.code())
            .bind(session.created_at.as_microsecond())
            .bind(session.ends_at.as_microsecond())
            .bind(live.idle_us)
            .bind(&session.label)
            .bind(session.opened_by.column())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The session of this hash, over or not: from memory, where what is there holds still. What seems to have been idle for too long may
    /// have been used on another instance, so that is read again.
    pub(crate) async fn session(self: &Arc<Self>, hash: &TextHash, now: Timestamp) -> Result<Option<Arc<Live>>, VaultError> {
        self.refresh_now().await?;
        if let Some(live) = self.sessions.get(hash).filter(|live| !live.is_over(now.as_microsecond())) {
            return Ok(Some(live));
        }
        let (asked, hash) = (Arc::clone(self), *hash);
        self.ask(async move {
            let changes = asked.sessions.changes();
            let found: Option<Columns> = sqlx::query_as(SELECT).bind(hash.as_slice()).fetch_optional(asked.pool()).await?;
            let Some(columns) = found else { return Ok(None) };
            let live = Arc::new(row(columns)?.1.live()?);
            asked.sessions.put(hash, Arc::clone(&live), changes);
            Ok(Some(live))
        })
        .await
    }

    /// As [`crate::store::Store::touch_session`].
    pub(crate) async fn touch_session(&self, id: SessionId, seen_at_us: i64) -> Result<(), VaultError> {
        sqlx::query(TOUCH_SESSION).bind(seen_at_us).bind(bytes(id.0)).execute(self.pool()).await?;
        Ok(())
    }

    /// As [`crate::store::Store::raise_session`].
    pub(crate) async fn raise_session(&self, raising: Raising) -> Result<Option<Arc<Live>>, VaultError> {
        let Raising { old, id, hash, assurance, now } = raising;
        let raised: Option<Columns> = sqlx::query_as(RAISE)
            .bind(bytes(id.0))
            .bind(hash.as_slice())
            .bind(assurance.code())
            .bind(now.as_microsecond())
            .bind(bytes(old.0))
            .fetch_optional(self.pool())
            .await?;
        self.sessions.forget(|live| Ending::One(old).ends(&live.session));
        raised.map(|columns| Ok(Arc::new(row(columns)?.1.live()?))).transpose()
    }

    /// As [`crate::store::Store::sessions_of`], those that are over among them. Memory may know of a later use than is written down.
    pub(crate) async fn sessions_of(&self, person: PersonId) -> Result<Vec<Arc<Live>>, VaultError> {
        let found: Vec<Columns> = sqlx::query_as(SELECT_OF).bind(bytes(person.0)).fetch_all(self.pool()).await?;
        let live = found.into_iter().map(|columns| {
            let (hash, row) = row(columns)?;
            let live = row.live()?;
            if let Some(known) = self.sessions.get(&hash) {
                live.seen(known.seen_at_us());
            }
            Ok(Arc::new(live))
        });
        live.collect()
    }

    /// As [`crate::store::Store::end_sessions`].
    pub(crate) async fn end_sessions(&self, ending: Ending) -> Result<u64, VaultError> {
        let (id, person, keep, owner) = match ending {
            Ending::One(id) => (Some(id), None, None, None),
            Ending::OneOf(owner, id) => (Some(id), None, None, Some(owner)),
            Ending::AllOf(person) => (None, Some(person), None, None),
            Ending::Others(person, keep, _) => (None, Some(person), Some(keep), None),
        };
        let ended: i64 = sqlx::query_scalar(END)
            .bind(id.map(|id| bytes(id.0)))
            .bind(person.map(|person| bytes(person.0)))
            .bind(keep.map(|keep| bytes(keep.0)))
            .bind(owner.map(|owner| bytes(owner.0)))
            .bind(ending.reopens().and_then(|(_, _, opened_by)| opened_by.column()))
            .fetch_one(self.pool())
            .await?;
        let reopened = ending.reopens().map(|(_, keep, _)| keep);
        self.sessions.forget(|live| ending.ends(&live.session) || reopened == Some(live.session.id));
        Ok(u64::try_from(ended).unwrap_or_default())
    }

    /// As [`crate::store::Store::sweep_sessions`].
    pub(crate) async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        sqlx::query(SWEEP_CEREMONIES).bind(now.as_microsecond()).execute(self.pool()).await?;
        let swept = sqlx::query(SWEEP).bind(now.as_microsecond()).execute(self.pool()).await?;
        Ok(usize::try_from(swept.rows_affected()).unwrap_or(usize::MAX))
    }
}

fn row(columns: Columns) -> Result<(TextHash, SessionRow), VaultError> {
    const TABLE: &str = "sessions";
    let (hash, id, person, organization, staff, assurance, created_at, proved_at, ends_at, idle_us, seen_at, label, opened_by) = columns;
    let hash = hash.try_into().map_err(|_| VaultError::DamagedRow { table: TABLE })?;
    let (id, person) = (uuid(TABLE, &id)?, uuid(TABLE, &person)?);
    let (organization, staff) = (perhaps_uuid(TABLE, organization.as_deref())?, perhaps_uuid(TABLE, staff.as_deref())?);
    let row = SessionRow { id, person, organization, staff, assurance, created_at, proved_at, ends_at, idle_us, seen_at, label, opened_by };
    Ok((hash, row))
}
