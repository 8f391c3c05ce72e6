//! Passkeys and ceremonies in PostgreSQL.

use domain::PersonId;

use super::{PostgresStore, bytes, uuid};
use crate::error::VaultError;
use crate::store::rows::ceremony_key;
use crate::store::statements::{BEGIN_CEREMONY, SELECT_PASSKEYS, TAKE_CEREMONY};
use crate::store::{Ceremony, PasskeyRow};

const TABLE: &str = "credentials";

type Columns = (Vec<u8>, i64, Vec<u8>, Vec<u8>, i64);

impl PostgresStore {
    /// As [`crate::store::Store::passkeys_of`].
    pub(crate) async fn passkeys_of(&self, person: PersonId) -> Result<Vec<PasskeyRow>, VaultError> {
        let found: Vec<Columns> = sqlx::query_as(SELECT_PASSKEYS).bind(bytes(person.0)).fetch_all(self.pool()).await?;
        let rows = found.into_iter().map(|(id, state, person, sealed, counter)| {
            Ok(PasskeyRow::of(uuid(TABLE, &id)?, state, uuid(TABLE, &person)?, sealed, counter))
        });
        rows.collect()
    }

    /// As [`crate::store::Store::begin_ceremony`].
    pub(crate) async fn begin_ceremony(&self, ceremony: Ceremony) -> Result<(), VaultError> {
        let Ceremony { person, purpose, sealed, ends_at } = ceremony;
        sqlx::query(BEGIN_CEREMONY)
            .bind(ceremony_key(person, purpose))
            .bind(bytes(person.0))
            .bind(sealed)
            .bind(ends_at.as_microsecond())
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// As [`crate::store::Store::take_ceremony`], with when it ends: of many who take it at once, one has it.
    pub(crate) async fn take_ceremony(&self, person: PersonId, purpose: u8) -> Result<Option<(Vec<u8>, i64)>, VaultError> {
        Ok(sqlx::query_as(TAKE_CEREMONY).bind(ceremony_key(person, purpose)).fetch_optional(self.pool()).await?)
    }
}
