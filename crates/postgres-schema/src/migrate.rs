//! Brings tables up to date, one step after the other, each once.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

/// A step: statements that are run once, in one transaction.
///
/// While instances of two versions run, the older one works on tables that the newer one has brought up to date. So a step only adds
/// (expand); what no version in use needs any more is taken away by a step of a later release (contract). A step that has been released is
/// never edited: its text is remembered by its hash, and another text is refused.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Counts from 1.
    pub number: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// SQL, several statements.
    pub sql: &'static str,
}

/// What runs them. Steps that this version does not know, a newer one has added: they are left alone.
pub(crate) fn migrator(steps: &'static [Step]) -> Migrator {
    let migration = |step: &Step| {
        let sql = AssertSqlSafe(step.sql).into_sql_str();
        Migration::new(step.number, Cow::Borrowed(step.name), MigrationType::Simple, sql, false)
    };
    let mut migrator = Migrator::with_migrations(steps.iter().map(migration).collect());
    migrator.set_ignore_missing(true);
    migrator
}
