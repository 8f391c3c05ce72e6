//! Second factors and the inventory of tokens in a file.

use domain::{CredentialId, PersonId};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};
use uuid::Uuid;

use super::SqliteStore;
use super::credentials::{put, uuid};
use crate::credentials::{CredentialKind, Verification};
use crate::error::VaultError;
use crate::second_factors::Factor;
use crate::store::rows::{self, FACTOR_ATTEMPTS};
use crate::store::statements::{
    INSERT_STOCK, RELEASE, SELECT_FACTOR, SELECT_FACTORS, SELECT_INVENTORY, SELECT_REFUSED_PROOF, SELECT_STATE, SELECT_STOCK, count_proof,
};
use crate::store::{Attempting, Claimed, FactorRow, NewCredential, NewStock, Stock, UseUp};

const COUNT_PROOF: &str = count_proof!();

/// One that is pending has state 0, one that is active 1.
const USE_UP: &str = "
UPDATE credentials
SET
    counter = ?1,
    verifier = coalesce(?2, verifier),
    last_used_at = ?3
WHERE id = ?4
    AND state = ?5
    AND verifier = ?6
    AND counter = ?7
";

const TAKE_BACK: &str = "
UPDATE attempts
SET failures = max(failures - 1, 0)
WHERE person = ?1
";

/// A claim that is sent again finds its own.
const CLAIM: &str = "
UPDATE inventory
SET
    state = 1,
    credential = ?1
WHERE serial = ?2
    AND (state = 0 OR credential = ?1)
RETURNING counter
";

/// What the same credential had claimed before, while it was pending.
const FREE: &str = "
UPDATE inventory
SET
    state = 0,
    credential = NULL
WHERE credential = ?1
    AND serial <> ?2
";

impl SqliteStore {
    /// As [`crate::store::Store::count_proof`].
    pub(crate) fn count_proof(&self, id: CredentialId, is_pending: bool, now: Timestamp) -> Result<Attempting, VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let state = i64::from(!is_pending);
        let unlocked = rows::unlocked_if_failed_by(now);
        let attempt = params![now.as_microsecond(), id.0.as_bytes(), state, unlocked, FACTOR_ATTEMPTS];
        let failures = transaction.query_row(COUNT_PROOF, attempt, |row| row.get::<_, i64>(1)).optional()?;
        if let Some(failures) = failures {
            let row = transaction.query_row(SELECT_FACTOR, params![id.0.as_bytes(), state], columns)?;
            transaction.commit()?;
            return Ok(Attempting::counted(factor_row(id, row)?, failures));
        }
        let refused = transaction.query_row(SELECT_REFUSED_PROOF, params![id.0.as_bytes(), state], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((failures, failed_at)) = refused.optional()? else { return Ok(Attempting::Refused(Verification::Unknown)) };
        // In one transaction with the count, so that what was in the way is there still.
        let refused = rows::refused_proof(failures, failed_at, now);
        Ok(Attempting::Refused(refused.unwrap_or(Verification::Locked { until: None })))
    }

    /// As [`crate::store::Store::use_up`].
    pub(crate) fn use_up(&self, used: UseUp) -> Result<bool, VaultError> {
        let UseUp { id, is_pending, before, sealed, counter, now } = used;
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let state = i64::from(!is_pending);
        let change = params![counter, sealed, now.as_microsecond(), id.0.as_bytes(), state, before.sealed, before.counter];
        if transaction.execute(USE_UP, change)? == 0 {
            return Ok(false);
        }
        transaction.execute("UPDATE inventory SET counter = ?1 WHERE credential = ?2", params![counter, id.0.as_bytes()])?;
        if before.kind != CredentialKind::Passkey {
            transaction.execute(TAKE_BACK, params![before.person.0.as_bytes()])?;
        }
        transaction.commit()?;
        Ok(true)
    }

    /// As [`crate::store::Store::factor`].
    pub(crate) fn factor(&self, id: CredentialId, is_pending: bool) -> Result<Option<FactorRow>, VaultError> {
        let connection = self.connection.lock();
        let found = connection.query_row(SELECT_FACTOR, params![id.0.as_bytes(), i64::from(!is_pending)], columns).optional()?;
        found.map(|row| factor_row(id, row)).transpose()
    }

    /// As [`crate::store::Store::factors_of`].
    pub(crate) fn factors_of(&self, person: PersonId) -> Result<Vec<Factor>, VaultError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare(SELECT_FACTORS)?;
        let mut found = statement.query(params![person.0.as_bytes()])?;
        let mut factors = Vec::new();
        while let Some(row) = found.next()? {
            factors.push(rows::factor(uuid(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)?);
        }
        Ok(factors)
    }

    /// As [`crate::store::Store::stock`].
    pub(crate) fn stock(&self, new: NewStock) -> Result<Option<Stock>, VaultError> {
        let connection = self.connection.lock();
        let row = params![new.serial.as_bytes(), new.sealed, new.counter, new.imported_at.as_microsecond()];
        if connection.execute(INSERT_STOCK, row)? == 1 {
            return Ok(None);
        }
        connection.query_row(SELECT_STOCK, params![new.serial.as_bytes()], |row| Ok(stock_of(row))).optional()?.transpose()
    }

    /// As [`crate::store::Store::stocked`].
    pub(crate) fn stocked(&self, serial: String) -> Result<Option<Stock>, VaultError> {
        let connection = self.connection.lock();
        connection.query_row(SELECT_STOCK, params![serial.as_bytes()], |row| Ok(stock_of(row))).optional()?.transpose()
    }

    /// As [`crate::store::Store::inventory`].
    pub(crate) fn inventory(&self, after: String, state: Option<i64>, most: u32) -> Result<Vec<Stock>, VaultError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare(SELECT_INVENTORY)?;
        let which = params![after.as_bytes(), state, most];
        let found = statement.query_map(which, |row| Ok(stock_of(row)))?.collect::<Result<Vec<_>, _>>()?;
        found.into_iter().collect()
    }

    /// As [`crate::store::Store::claim`].
    pub(crate) fn claim(&self, new: NewCredential, serial: String) -> Result<Claimed, VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let id = *new.id.0.as_bytes();
        let state: Option<i64> = transaction.query_row(SELECT_STATE, params![id], |row| row.get(0)).optional()?;
        if state.is_some_and(|state| state != 0) {
            return Ok(Claimed::Kept);
        }
        let claimed: Option<i64> = transaction.query_row(CLAIM, params![id, serial.as_bytes()], |row| row.get(0)).optional()?;
        let Some(counter) = claimed else { return Ok(Claimed::Taken) };
        transaction.execute(FREE, params![id, serial.as_bytes()])?;
        put(&transaction, &NewCredential { counter, ..new })?;
        transaction.commit()?;
        Ok(Claimed::Stored)
    }

    /// As [`crate::store::Store::release`].
    pub(crate) fn release(&self, serial: String) -> Result<bool, VaultError> {
        Ok(self.connection.lock().execute(RELEASE, params![serial.as_bytes()])? == 1)
    }
}

type Columns = (Uuid, i64, Vec<u8>, i64);

fn columns(row: &Row<'_>) -> Result<Columns, rusqlite::Error> {
    Ok((uuid(row, 0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn factor_row(id: CredentialId, (person, kind, sealed, counter): Columns) -> Result<FactorRow, VaultError> {
    FactorRow::of(id, person, kind, sealed, counter)
}

fn stock_of(row: &Row<'_>) -> Result<Stock, VaultError> {
    let credential: Option<[u8; 16]> = row.get(3)?;
    Stock::of(row.get(0)?, row.get(1)?, row.get(2)?, credential.map(Uuid::from_bytes))
}
