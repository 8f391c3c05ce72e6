//! The few names of kinds and types, by their numbers, which never change once committed.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, Row};

pub(crate) const KNOWN: &str = "
SELECT TRUE, id, name FROM categories
 UNION ALL
SELECT FALSE, id, name FROM types";

const ADD_CATEGORIES: &str = "INSERT INTO categories (name) SELECT * FROM UNNEST($1::text[]) ON CONFLICT DO NOTHING";

const ADD_TYPES: &str = "INSERT INTO types (name) SELECT * FROM UNNEST($1::text[]) ON CONFLICT DO NOTHING";

/// What this process knows of them. Clones of [`Known`] are cheap, and do not change.
#[derive(Debug, Default)]
pub(crate) struct Names(RwLock<Arc<Known>>);

#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) categories: Table,
    pub(crate) types: Table,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    numbers: HashMap<Arc<str>, i32>,
    names: HashMap<i32, Arc<str>>,
}

impl Table {
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        self.numbers.get(name).copied()
    }

    pub(crate) fn name(&self, number: i32) -> Option<&Arc<str>> {
        self.names.get(&number)
    }

    fn add(&mut self, number: i32, name: &str) {
        let name: Arc<str> = name.into();
        self.names.insert(number, Arc::clone(&name));
        self.numbers.insert(name, number);
    }
}

impl Names {
    pub(crate) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read())
    }

    /// Learns what others have added.
    pub(crate) async fn reload(&self, connection: impl PgExecutor<'_>) -> Result<Arc<Known>, sqlx::Error> {
        self.learn(&sqlx::query(KNOWN).fetch_all(connection).await?)
    }

    /// The same, from the rows of [`KNOWN`].
    pub(crate) fn learn(&self, rows: &[PgRow]) -> Result<Arc<Known>, sqlx::Error> {
        let mut known = Known::default();
        for row in rows {
            let table = if row.try_get(0)? { &mut known.categories } else { &mut known.types };
            table.add(row.try_get(1)?, row.try_get(2)?);
        }
        let known = Arc::new(known);
        *self.0.write() = Arc::clone(&known);
        Ok(known)
    }

    /// Sees to it that all of these have numbers. They are committed at once: a name without an event does no harm.
    pub(crate) async fn ensure(
        &self,
        connection: &mut sqlx::PgConnection,
        categories: impl Iterator<Item = &Arc<str>>,
        types: impl Iterator<Item = &Arc<str>>,
    ) -> Result<Arc<Known>, sqlx::Error> {
        let known = self.known();
        let categories: Vec<&str> = categories.filter(|name| known.categories.number(name).is_none()).map(|name| &**name).collect();
        let types: Vec<&str> = types.filter(|name| known.types.number(name).is_none()).map(|name| &**name).collect();
        if categories.is_empty() && types.is_empty() {
            return Ok(known);
        }
        for (add, mut names) in [(ADD_CATEGORIES, categories), (ADD_TYPES, types)] {
            // In one order, so that two instances that add the same ones wait for each other in that order.
            names.sort_unstable();
            names.dedup();
            if !names.is_empty() {
                sqlx::query(add).bind(names).execute(&mut *connection).await?;
            }
        }
        self.reload(connection).await
    }
}
