//! Sessions in PostgreSQL.

use std::sync::Arc;

use jiff::Timestamp;

use super::{PostgresStore, bytes, uuid};
use crate::error::VaultError;
use crate::sessions::{Live, SessionId};
use crate::store::rows::SessionRow;
use crate::store::statements::{INSERT_SESSION, TOUCH_SESSION};
use crate::store::{Ending, NewSession};
use crate::text::TextHash;

const SELECT: &str = "
SELECT
    id,
    person,
    organization,
    created_at,
    ends_at,
    idle_us,
    seen_at
FROM sessions
WHERE hash = $1
";

/// `$1`: the session; `$2`: the user; `$3`: the session that stays. What is null does not count.
const END: &str = "
WITH ended AS (
    DELETE FROM sessions
    WHERE (id = $1 OR person = $2)
        AND ($3::BYTEA IS NULL OR id <> $3)
    RETURNING id
)
UPDATE vault
SET version = version + 1
WHERE EXISTS (SELECT id FROM ended)
";

/// Instances write a use down when a tenth of the idle time has passed since the last: a session is over for certain a tenth later.
const SWEEP: &str = "
DELETE FROM sessions
WHERE ends_at <= $1
    OR $1 - seen_at - idle_us >= idle_us / 10
";

type Columns = (Vec<u8>, Vec<u8>, Vec<u8>, i64, i64, i64, i64);

impl PostgresStore {
    /// As [`crate::store::Store::insert_session`].
    pub(crate) async fn insert_session(&self, new: NewSession) -> Result<(), VaultError> {
        let NewSession { hash, live } = new;
        let session = live.session;
        sqlx::query(INSERT_SESSION)
            .bind(bytes(session.id.0))
            .bind(hash.as_slice())
            .bind(bytes(session.person.0))
            .bind(bytes(session.organization.0))
            .bind(session.created_at.as_microsecond())
            .bind(session.ends_at.as_microsecond())
            .bind(live.idle_us)
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
            let live = Arc::new(row(columns)?.live()?);
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

    /// As [`crate::store::Store::end_sessions`].
    pub(crate) async fn end_sessions(&self, ending: Ending) -> Result<(), VaultError> {
        let (id, person, keep) = match ending {
            Ending::One(id) => (Some(id), None, None),
            Ending::AllOf(person) => (None, Some(person), None),
            Ending::Others(person, keep) => (None, Some(person), Some(keep)),
        };
        sqlx::query(END)
            .bind(id.map(|id| bytes(id.0)))
            .bind(person.map(|person| bytes(person.0)))
            .bind(keep.map(|keep| bytes(keep.0)))
            .execute(self.pool())
            .await?;
        self.sessions.forget(|live| ending.ends(&live.session));
        Ok(())
    }

    /// As [`crate::store::Store::sweep_sessions`].
    pub(crate) async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, VaultError> {
        let swept = sqlx::query(SWEEP).bind(now.as_microsecond()).execute(self.pool()).await?;
        Ok(usize::try_from(swept.rows_affected()).unwrap_or(usize::MAX))
    }
}

fn row(columns: Columns) -> Result<SessionRow, VaultError> {
    let (id, person, organization, created_at, ends_at, idle_us, seen_at) = columns;
    let uuid = |column: &[u8]| uuid("sessions", column);
    let (id, person, organization) = (uuid(&id)?, uuid(&person)?, uuid(&organization)?);
    Ok(SessionRow { id, person, organization, created_at, ends_at, idle_us, seen_at })
}
