//! A batch is folded in memory.

use std::collections::{BTreeMap, BTreeSet};

use super::{TableRow, keys, load, upsert};
use crate::ProjectionError;
use crate::sql::Database;

/// The rows that a batch touches, changed in memory and saved once.
pub struct Fold<R: TableRow> {
    rows: BTreeMap<R::Key, R>,
    changed: BTreeSet<R::Key>,
    removed: BTreeSet<R::Key>,
    /// Those of the rows that are not in the database.
    new: BTreeSet<R::Key>,
}

impl<R: TableRow> Fold<R> {
    /// With the rows of these keys, as far as they are there.
    ///
    /// # Errors
    /// As [`load`].
    pub async fn load(conn: &mut impl Database, keys: BTreeSet<R::Key>) -> Result<Self, sqlx::Error> {
        Ok(Self::of(load(conn, keys).await?))
    }

    /// With these rows, which are in the database already.
    #[must_use]
    pub fn of(rows: Vec<R>) -> Self {
        Self {
            rows: rows.into_iter().map(|row| (row.key(), row)).collect(),
            changed: BTreeSet::new(),
            removed: BTreeSet::new(),
            new: BTreeSet::new(),
        }
    }

    /// The row of this key.
    #[must_use]
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.rows.get(key)
    }

    /// All rows at hand, by key.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.values()
    }

    /// The row of this key, to be changed.
    pub fn change(&mut self, key: &R::Key) -> Option<&mut R> {
        let row = self.rows.get_mut(key)?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// The row of this key, to be changed; `unless` there is none, this one.
    pub fn change_or(&mut self, key: &R::Key, unless: impl FnOnce() -> R) -> &mut R {
        self.writes(key);
        self.rows.entry(key.clone()).or_insert_with(unless)
    }

    /// Notes that the row of this key is to be written, and whether the database has none.
    fn writes(&mut self, key: &R::Key) {
        if !self.removed.remove(key) && !self.rows.contains_key(key) {
            self.new.insert(key.clone());
        }
        self.changed.insert(key.clone());
    }

    /// The row of this key, to be changed by an event that makes no sense without it.
    ///
    /// # Errors
    /// [`ProjectionError::Unappliable`] if there is none.
    pub fn expect(&mut self, key: &R::Key, event: &event_codec::Envelope) -> Result<&mut R, ProjectionError> {
        self.change(key).ok_or_else(|| ProjectionError::Unappliable {
            position: event.position,
            reason: format!("{} of {} came before what it changes: {} has no such row", event.event_type, event.stream, R::NAME),
        })
    }

    /// Puts a row in place of what is there under its key.
    pub fn put(&mut self, row: R) {
        let key = row.key();
        self.writes(&key);
        self.rows.insert(key, row);
    }

    /// Takes a row away.
    pub fn remove(&mut self, key: &R::Key) {
        if self.rows.remove(key).is_some() {
            self.changed.remove(key);
            // One that came and went within the batch was never written.
            if !self.new.remove(key) {
                self.removed.insert(key.clone());
            }
        }
    }

    /// Writes what changed: each row once, by key.
    ///
    /// # Errors
    /// [`sqlx::Error`] of the database.
    pub async fn save(mut self, conn: &mut impl Database) -> Result<(), sqlx::Error> {
        R::TABLE.delete(conn, keys::<R>(self.removed)?).await?;
        let changed: Vec<R> = self.changed.iter().filter_map(|key| self.rows.remove(key)).collect();
        upsert(conn, &changed).await
    }
}
