//! Passkeys and ceremonies in a file.

use domain::PersonId;
use rusqlite::{OptionalExtension, params};

use super::SqliteStore;
use super::credentials::uuid;
use crate::error::VaultError;
use crate::store::rows::ceremony_key;
use crate::store::statements::{BEGIN_CEREMONY, SELECT_PASSKEYS, TAKE_CEREMONY};
use crate::store::{Ceremony, PasskeyRow};

impl SqliteStore {
    /// As [`crate::store::Store::passkeys_of`].
    pub(crate) fn passkeys_of(&self, person: PersonId) -> Result<Vec<PasskeyRow>, VaultError> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare(SELECT_PASSKEYS)?;
        let found = statement.query_map(params![person.0.as_bytes()], |row| {
            Ok(PasskeyRow::of(uuid(row, 0)?, row.get(1)?, uuid(row, 2)?, row.get(3)?, row.get(4)?))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// As [`crate::store::Store::begin_ceremony`].
    pub(crate) fn begin_ceremony(&self, ceremony: Ceremony) -> Result<(), VaultError> {
        let Ceremony { person, purpose, sealed, ends_at } = ceremony;
        let row = params![ceremony_key(person, purpose), person.0.as_bytes(), sealed, ends_at.as_microsecond()];
        self.connection.lock().execute(BEGIN_CEREMONY, row)?;
        Ok(())
    }

    /// As [`crate::store::Store::take_ceremony`], with when it ends.
    pub(crate) fn take_ceremony(&self, person: PersonId, purpose: u8) -> Result<Option<(Vec<u8>, i64)>, VaultError> {
        let connection = self.connection.lock();
        let taken = connection.query_row(TAKE_CEREMONY, params![ceremony_key(person, purpose)], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(taken.optional()?)
    }
}
