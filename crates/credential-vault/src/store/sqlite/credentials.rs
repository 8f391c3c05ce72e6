//! Credentials in a file.

use domain::CredentialId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::SqliteStore;
use crate::credentials::{Pending, Verification};
use crate::error::VaultError;
use crate::store::rows::{self, ONE_TIME_PASSWORD_ATTEMPTS, PASSWORD_ATTEMPTS, Refused};
use crate::store::statements::{ACTIVATE, COUNT_ATTEMPT, PRETEND_TO_COUNT, PUT, SELECT_PENDING, SELECT_REFUSED, SELECT_STATE};
use crate::store::{Attempted, Counted, NewCredential, Uncounted};

/// A token whose credential is revoked is nobody's until the operator releases it; one that never counted is available again.
const WITHDRAW: &str = "
UPDATE inventory
SET
    state = CASE WHEN EXISTS (SELECT id FROM credentials WHERE id = ?1 AND state = 0) THEN 0 ELSE 2 END,
    credential = NULL
WHERE credential = ?1
";

impl SqliteStore {
    /// As [`crate::store::Store::put`].
    pub(crate) fn put(&self, new: NewCredential) -> Result<bool, VaultError> {
        put(&self.connection.lock(), &new)
    }

    /// As [`crate::store::Store::activate`].
    pub(crate) fn activate(&self, id: CredentialId) -> Result<bool, VaultError> {
        let connection = self.connection.lock();
        connection.execute(ACTIVATE, params![id.0.as_bytes()])?;
        let state = connection.query_row(SELECT_STATE, params![id.0.as_bytes()], |row| row.get::<_, i64>(0)).optional()?;
        Ok(state == Some(1))
    }

    /// As [`crate::store::Store::revoke`].
    pub(crate) fn revoke(&self, id: CredentialId) -> Result<(), VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(WITHDRAW, params![id.0.as_bytes()])?;
        transaction.execute("UPDATE credentials SET state = 2, verifier = NULL, mark = NULL WHERE id = ?1", params![id.0.as_bytes()])?;
        transaction.commit()?;
        Ok(())
    }

    /// As [`crate::store::Store::count_attempt`].
    pub(crate) fn count_attempt(&self, id: CredentialId, now: Timestamp) -> Result<Attempted, VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let unlocked = rows::unlocked_if_failed_by(now);
        let attempt = params![PASSWORD_ATTEMPTS, now.as_microsecond(), id.0.as_bytes(), ONE_TIME_PASSWORD_ATTEMPTS, unlocked];
        let counted =
            transaction.query_row(COUNT_ATTEMPT, attempt, |row| Ok((uuid(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?))).optional()?;
        let Some((person, kind, sealed, failures)) = counted else {
            return Ok(Attempted::Refused(refused(&transaction, id, now)?));
        };
        transaction.commit()?;
        Ok(Attempted::Counted(Counted::of(id, person, kind, sealed, failures)?))
    }

    /// As [`crate::store::Store::pretend_to_count`].
    pub(crate) fn pretend_to_count(&self, now: Timestamp) -> Result<(), VaultError> {
        self.connection.lock().execute(PRETEND_TO_COUNT, params![Uuid::nil().as_bytes(), now.as_microsecond()])?;
        Ok(())
    }

    /// As [`crate::store::Store::uncount`].
    pub(crate) fn uncount(&self, id: CredentialId, uncounted: Uncounted) -> Result<bool, VaultError> {
        Ok(self.connection.lock().execute(uncounted.0, params![id.0.as_bytes()])? == 1)
    }

    /// As [`crate::store::Store::pending`].
    pub(crate) fn pending(&self, older_than: Timestamp) -> Result<Vec<Pending>, VaultError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare(SELECT_PENDING)?;
        let found = statement
            .query_map([older_than.as_microsecond()], |row| Ok(rows::pending(uuid(row, 0)?, uuid(row, 1)?, uuid(row, 2)?)))?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// As [`crate::store::Store::sweep`].
    pub(crate) fn sweep(&self, unnamed: Vec<CredentialId>, older_than: Timestamp) -> Result<usize, VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut removed = 0;
        for id in unnamed {
            let statement = "DELETE FROM credentials WHERE id = ?1 AND state = 0 AND created_at < ?2";
            let swept = transaction.execute(statement, params![id.0.as_bytes(), older_than.as_microsecond()])?;
            if swept > 0 {
                transaction.execute("UPDATE inventory SET state = 0, credential = NULL WHERE credential = ?1", params![id.0.as_bytes()])?;
            }
            removed += swept;
        }
        transaction.commit()?;
        Ok(removed)
    }
}

/// Keeps a credential, pending; false if its id is active or revoked already.
pub(super) fn put(connection: &Connection, new: &NewCredential) -> Result<bool, VaultError> {
    let named_by = new.named_by.key();
    let row = params![
        new.id.0.as_bytes(),
        new.person.0.as_bytes(),
        named_by.as_bytes(),
        new.kind.code(),
        new.sealed,
        new.expires_at.map(Timestamp::as_microsecond),
        new.created_at.as_microsecond(),
        new.counter,
        new.mark
    ];
    Ok(connection.execute(PUT, row)? == 1)
}

/// Why an attempt was not counted.
fn refused(connection: &Connection, id: CredentialId, now: Timestamp) -> Result<Verification, VaultError> {
    let row = connection.query_row(SELECT_REFUSED, params![id.0.as_bytes()], |row| {
        Ok(Refused { kind: row.get(0)?, failures: row.get(1)?, failed_at: row.get(2)?, expires_at: row.get(3)? })
    });
    let Some(row) = row.optional()? else { return Ok(Verification::Unknown) };
    // In one transaction with the count, so that what was in the way is there still.
    Ok(row.verification(id, now)?.unwrap_or(Verification::Locked { until: None }))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid, rusqlite::Error> {
    row.get(column).map(Uuid::from_bytes)
}
