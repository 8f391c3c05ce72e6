//! Credentials in PostgreSQL.

use domain::CredentialId;
use jiff::Timestamp;
use uuid::Uuid;

use super::{PostgresStore, bytes, uuid};
use crate::credentials::{Pending, Verification};
use crate::error::VaultError;
use crate::store::rows::{self, ONE_TIME_PASSWORD_ATTEMPTS, PASSWORD_ATTEMPTS, Refused};
use crate::store::statements::{ACTIVATE, COUNT_ATTEMPT, PRETEND_TO_COUNT, PUT, SELECT_PENDING, SELECT_REFUSED, SELECT_STATE};
use crate::store::{Attempted, Counted, NewCredential, Uncounted};

/// A token whose credential is revoked is nobody's until the operator releases it; one that never counted is available again.
const REVOKE: &str = "
WITH found AS (
    SELECT id, state
    FROM credentials
    WHERE id = $1
    FOR UPDATE
), revoked AS (
    UPDATE credentials
    SET
        state = 2,
        verifier = NULL,
        mark = NULL
    WHERE id IN (SELECT id FROM found)
)
UPDATE inventory
SET
    state = CASE WHEN found.state = 0 THEN 0 ELSE 2 END,
    credential = NULL
FROM found
WHERE inventory.credential = found.id
";

/// A token whose credential never came to be is available again.
const SWEEP: &str = "
WITH swept AS (
    DELETE FROM credentials
    WHERE id = ANY($1)
        AND state = 0
        AND created_at < $2
    RETURNING id
), freed AS (
    UPDATE inventory
    SET
        state = 0,
        credential = NULL
    WHERE credential IN (SELECT id FROM swept)
)
SELECT count(*)
FROM swept
";

/// How often an attempt is tried that was refused for a reason that has gone when it is looked for.
pub(super) const TRIES: u32 = 5;

const TABLE: &str = "credentials";

impl PostgresStore {
    /// As [`crate::store::Store::put`].
    pub(crate) async fn put(&self, new: NewCredential) -> Result<bool, VaultError> {
        let put = sqlx::query(PUT)
            .bind(bytes(new.id.0))
            .bind(bytes(new.person.0))
            .bind(bytes(new.named_by.key()))
            .bind(new.kind.code())
            .bind(new.sealed)
            .bind(new.expires_at.map(Timestamp::as_microsecond))
            .bind(new.created_at.as_microsecond())
            .bind(new.counter)
            .bind(new.mark.map(Vec::from));
        Ok(put.execute(self.pool()).await?.rows_affected() == 1)
    }

    /// As [`crate::store::Store::activate`].
    pub(crate) async fn activate(&self, id: CredentialId) -> Result<bool, VaultError> {
        sqlx::query(ACTIVATE).bind(bytes(id.0)).execute(self.pool()).await?;
        let state: Option<i64> = sqlx::query_scalar(SELECT_STATE).bind(bytes(id.0)).fetch_optional(self.pool()).await?;
        Ok(state == Some(1))
    }

    /// As [`crate::store::Store::revoke`].
    pub(crate) async fn revoke(&self, id: CredentialId) -> Result<(), VaultError> {
        sqlx::query(REVOKE).bind(bytes(id.0)).execute(self.pool()).await?;
        Ok(())
    }

    /// As [`crate::store::Store::count_attempt`]: committed when this returns.
    pub(crate) async fn count_attempt(&self, id: CredentialId, now: Timestamp) -> Result<Attempted, VaultError> {
        for _ in 0..TRIES {
            let counted: Option<(Vec<u8>, i64, Vec<u8>, i64)> = sqlx::query_as(COUNT_ATTEMPT)
                .bind(PASSWORD_ATTEMPTS)
                .bind(now.as_microsecond())
                .bind(bytes(id.0))
                .bind(ONE_TIME_PASSWORD_ATTEMPTS)
                .bind(rows::unlocked_if_failed_by(now))
                .fetch_optional(self.pool())
                .await?;
            if let Some((person, kind, sealed, failures)) = counted {
                return Ok(Attempted::Counted(Counted::of(id, uuid(TABLE, &person)?, kind, sealed, failures)?));
            }
            if let Some(refused) = self.refused(id, now).await? {
                return Ok(Attempted::Refused(refused));
            }
        }
        Ok(Attempted::Refused(Verification::Locked { until: None }))
    }

    /// Why an attempt was not counted; none if nothing is in the way any more, since another attempt was right meanwhile.
    async fn refused(&self, id: CredentialId, now: Timestamp) -> Result<Option<Verification>, VaultError> {
        let found: Option<(i64, i64, Option<i64>, Option<i64>)> =
            sqlx::query_as(SELECT_REFUSED).bind(bytes(id.0)).fetch_optional(self.pool()).await?;
        let Some((kind, failures, failed_at, expires_at)) = found else { return Ok(Some(Verification::Unknown)) };
        Refused { kind, failures, failed_at, expires_at }.verification(id, now)
    }

    /// As [`crate::store::Store::pretend_to_count`].
    pub(crate) async fn pretend_to_count(&self, now: Timestamp) -> Result<(), VaultError> {
        sqlx::query(PRETEND_TO_COUNT).bind(bytes(Uuid::nil())).bind(now.as_microsecond()).execute(self.pool()).await?;
        Ok(())
    }

    /// As [`crate::store::Store::uncount`].
    pub(crate) async fn uncount(&self, id: CredentialId, uncounted: Uncounted) -> Result<bool, VaultError> {
        Ok(sqlx::query(uncounted.0).bind(bytes(id.0)).execute(self.pool()).await?.rows_affected() == 1)
    }

    /// As [`crate::store::Store::pending`].
    pub(crate) async fn pending(&self, older_than: Timestamp) -> Result<Vec<Pending>, VaultError> {
        let found: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> =
            sqlx::query_as(SELECT_PENDING).bind(older_than.as_microsecond()).fetch_all(self.pool()).await?;
        let pending = found
            .into_iter()
            .map(|(id, person, named_by)| Ok(rows::pending(uuid(TABLE, &id)?, uuid(TABLE, &person)?, uuid(TABLE, &named_by)?)));
        pending.collect()
    }

    /// As [`crate::store::Store::sweep`].
    pub(crate) async fn sweep(&self, unnamed: Vec<CredentialId>, older_than: Timestamp) -> Result<usize, VaultError> {
        let ids: Vec<_> = unnamed.into_iter().map(|id| bytes(id.0)).collect();
        let swept: i64 = sqlx::query_scalar(SWEEP).bind(ids).bind(older_than.as_microsecond()).fetch_one(self.pool()).await?;
        Ok(usize::try_from(swept).unwrap_or_default())
    }
}
