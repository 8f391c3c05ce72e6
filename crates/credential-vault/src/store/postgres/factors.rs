//! Second factors and the inventory of tokens in PostgreSQL.

use domain::{CredentialId, PersonId};
use jiff::Timestamp;

use super::credentials::TRIES;
use super::{PostgresStore, bytes, perhaps_uuid, uuid};
use crate::credentials::{CredentialKind, Verification};
use crate::error::VaultError;
use crate::second_factors::Factor;
use crate::store::rows::{self, FACTOR_ATTEMPTS};
use crate::store::statements::{
    INSERT_STOCK, RELEASE, SELECT_FACTOR, SELECT_FACTORS, SELECT_INVENTORY, SELECT_REFUSED_PROOF, SELECT_STATE, SELECT_STOCK, count_proof,
};
use crate::store::{Attempting, Claimed, FactorRow, NewCredential, NewStock, Stock, UseUp};

/// The count, and what to compare with, by one statement that commits by itself.
const COUNT_PROOF: &str = concat!(
    "WITH counted AS (",
    count_proof!(),
    ")
SELECT
    credentials.person,
    credentials.kind,
    credentials.verifier,
    credentials.counter,
    counted.failures
FROM counted
JOIN credentials ON credentials.id = $2
"
);

/// A right code is used up and what was counted for it taken back by one statement. Of two that use the same code at once, the second waits for
/// the first and then finds another counter or verifier. `$8`: whether there was anything to count.
const USE_UP: &str = "
WITH used AS (
    UPDATE credentials
    SET
        counter = $1,
        verifier = coalesce($2, verifier),
        last_used_at = $3
    WHERE id = $4
        AND state = $5
        AND verifier = $6
        AND counter = $7
    RETURNING id, person
), remembered AS (
    UPDATE inventory
    SET counter = $1
    WHERE credential IN (SELECT id FROM used)
), taken_back AS (
    UPDATE attempts
    SET failures = greatest(failures - 1, 0)
    WHERE $8
        AND person IN (SELECT person FROM used)
)
SELECT count(*)
FROM used
";

/// As [`crate::store::statements::PUT`], if the token of serial `$8` can be claimed; a claim that is sent again finds its own. What the same
/// credential had claimed before, while it was pending, is free. Gives how many tokens were claimed, and how many credentials put.
const CLAIM: &str = "
WITH claimed AS (
    UPDATE inventory
    SET
        state = 1,
        credential = $1
    WHERE serial = $8
        AND (state = 0 OR credential = $1)
        AND NOT EXISTS (SELECT id FROM credentials WHERE id = $1 AND state <> 0)
    RETURNING counter
), freed AS (
    UPDATE inventory
    SET
        state = 0,
        credential = NULL
    WHERE credential = $1
        AND serial <> $8
        AND EXISTS (SELECT counter FROM claimed)
), put AS (
    INSERT INTO credentials (id, person, named_by, kind, state, verifier, failures, expires_at, created_at, counter)
    SELECT $1, $2, $3, $4, 0, $5, 0, $6, $7, counter
    FROM claimed
    ON CONFLICT (id) DO UPDATE SET
        person = excluded.person,
        named_by = excluded.named_by,
        kind = excluded.kind,
        verifier = excluded.verifier,
        expires_at = excluded.expires_at,
        created_at = excluded.created_at,
        counter = excluded.counter,
        last_used_at = NULL
    WHERE credentials.state = 0
    RETURNING id
)
SELECT count(*)
FROM put
";

const TABLE: &str = "credentials";

type CountedColumns = (Vec<u8>, i64, Vec<u8>, i64, i64);

type ListedColumns = (Vec<u8>, i64, i64, i64, Option<i64>);

type StockColumns = (Vec<u8>, Vec<u8>, i64, Option<Vec<u8>>);

impl PostgresStore {
    /// As [`crate::store::Store::count_proof`]: committed when this returns.
    pub(crate) async fn count_proof(&self, id: CredentialId, is_pending: bool, now: Timestamp) -> Result<Attempting, VaultError> {
        let state = i64::from(!is_pending);
        for _ in 0..TRIES {
            let counted: Option<CountedColumns> = sqlx::query_as(COUNT_PROOF)
                .bind(now.as_microsecond())
                .bind(bytes(id.0))
                .bind(state)
                .bind(rows::unlocked_if_failed_by(now))
                .bind(FACTOR_ATTEMPTS)
                .fetch_optional(self.pool())
                .await?;
            if let Some((person, kind, sealed, counter, failures)) = counted {
                let row = FactorRow::of(id, uuid(TABLE, &person)?, kind, sealed, counter)?;
                return Ok(Attempting::counted(row, failures));
            }
            let refused: Option<(Option<i64>, Option<i64>)> =
                sqlx::query_as(SELECT_REFUSED_PROOF).bind(bytes(id.0)).bind(state).fetch_optional(self.pool()).await?;
            let Some((failures, failed_at)) = refused else { return Ok(Attempting::Refused(Verification::Unknown)) };
            if let Some(refused) = rows::refused_proof(failures, failed_at, now) {
                return Ok(Attempting::Refused(refused));
            }
        }
        Ok(Attempting::Refused(Verification::Locked { until: None }))
    }

    /// As [`crate::store::Store::use_up`].
    pub(crate) async fn use_up(&self, used: UseUp) -> Result<bool, VaultError> {
        let UseUp { id, is_pending, before, sealed, counter, now } = used;
        let changed: i64 = sqlx::query_scalar(USE_UP)
            .bind(counter)
            .bind(sealed)
            .bind(now.as_microsecond())
            .bind(bytes(id.0))
            .bind(i64::from(!is_pending))
            .bind(before.sealed)
            .bind(before.counter)
            .bind(before.kind != CredentialKind::Passkey)
            .fetch_one(self.pool())
            .await?;
        Ok(changed == 1)
    }

    /// As [`crate::store::Store::factor`].
    pub(crate) async fn factor(&self, id: CredentialId, is_pending: bool) -> Result<Option<FactorRow>, VaultError> {
        let found: Option<(Vec<u8>, i64, Vec<u8>, i64)> =
            sqlx::query_as(SELECT_FACTOR).bind(bytes(id.0)).bind(i64::from(!is_pending)).fetch_optional(self.pool()).await?;
        found.map(|(person, kind, sealed, counter)| FactorRow::of(id, uuid(TABLE, &person)?, kind, sealed, counter)).transpose()
    }

    /// As [`crate::store::Store::factors_of`].
    pub(crate) async fn factors_of(&self, person: PersonId) -> Result<Vec<Factor>, VaultError> {
        let found: Vec<ListedColumns> = sqlx::query_as(SELECT_FACTORS).bind(bytes(person.0)).fetch_all(self.pool()).await?;
        let factors = found
            .into_iter()
            .map(|(id, kind, state, created_at, last_used_at)| rows::factor(uuid(TABLE, &id)?, kind, state, created_at, last_used_at));
        factors.collect()
    }

    /// As [`crate::store::Store::stock`].
    pub(crate) async fn stock(&self, new: NewStock) -> Result<Option<Stock>, VaultError> {
        let inserted = sqlx::query(INSERT_STOCK)
            .bind(new.serial.as_bytes())
            .bind(new.sealed)
            .bind(new.counter)
            .bind(new.imported_at.as_microsecond())
            .execute(self.pool())
            .await?;
        if inserted.rows_affected() == 1 { Ok(None) } else { self.stocked(new.serial).await }
    }

    /// As [`crate::store::Store::stocked`].
    pub(crate) async fn stocked(&self, serial: String) -> Result<Option<Stock>, VaultError> {
        let found: Option<StockColumns> = sqlx::query_as(SELECT_STOCK).bind(serial.as_bytes()).fetch_optional(self.pool()).await?;
        found.map(stock_of).transpose()
    }

    /// As [`crate::store::Store::inventory`].
    pub(crate) async fn inventory(&self, after: String, state: Option<i64>, most: u32) -> Result<Vec<Stock>, VaultError> {
        let which = sqlx::query_as(SELECT_INVENTORY).bind(after.as_bytes()).bind(state).bind(i64::from(most));
        let found: Vec<StockColumns> = which.fetch_all(self.pool()).await?;
        found.into_iter().map(stock_of).collect()
    }

    /// As [`crate::store::Store::claim`].
    pub(crate) async fn claim(&self, new: NewCredential, serial: String) -> Result<Claimed, VaultError> {
        let put: i64 = sqlx::query_scalar(CLAIM)
            .bind(bytes(new.id.0))
            .bind(bytes(new.person.0))
            .bind(bytes(new.named_by.key()))
            .bind(new.kind.code())
            .bind(new.sealed)
            .bind(new.expires_at.map(Timestamp::as_microsecond))
            .bind(new.created_at.as_microsecond())
            .bind(serial.as_bytes())
            .fetch_one(self.pool())
            .await?;
        if put == 1 {
            return Ok(Claimed::Stored);
        }
        let state: Option<i64> = sqlx::query_scalar(SELECT_STATE).bind(bytes(new.id.0)).fetch_optional(self.pool()).await?;
        Ok(if state.is_some_and(|state| state != 0) { Claimed::Kept } else { Claimed::Taken })
    }

    /// As [`crate::store::Store::release`].
    pub(crate) async fn release(&self, serial: String) -> Result<bool, VaultError> {
        Ok(sqlx::query(RELEASE).bind(serial.as_bytes()).execute(self.pool()).await?.rows_affected() == 1)
    }
}

fn stock_of((serial, sealed, state, credential): StockColumns) -> Result<Stock, VaultError> {
    Stock::of(serial, sealed, state, perhaps_uuid("inventory", credential.as_deref())?)
}
