//! What is remembered of tokens and sessions, and how it is known to hold still.
//!
//! A row is read when it is first asked for, and remembered. Whatever ends a token or a session before its time, on any instance, counts up
//! `vault.version` in the same statement. When that number has changed, all rows are forgotten: they are read again as they are asked for.
//!
//! Whoever looks up a session asks for the number first, many at a time with one question: a session that has ended anywhere works nowhere
//! from then on. Whoever looks up a token asks if nobody has for half a second: one that was revoked elsewhere works here for a second at
//! most. When the number cannot be had, nothing remembered is used: the look-up fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tokio::sync::Mutex;

use super::PostgresStore;
use crate::error::VaultError;
use crate::text::TextHash;

/// When it is time to ask again. Whoever comes first asks; the others go on meanwhile.
const ASK_AFTER: Duration = Duration::from_millis(500);
/// When nobody goes on without an answer.
const TRUST: Duration = Duration::from_secs(1);
/// How many rows are remembered at most. Then all are forgotten.
const MOST: usize = 100_000;

/// Rows that were asked for, by the hash of their text.
pub(super) struct Recent<T> {
    rows: RwLock<Rows<T>>,
}

struct Rows<T> {
    by_hash: HashMap<TextHash, Arc<T>>,
    /// How often something was forgotten because it changed.
    changes: u64,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { rows: RwLock::new(Rows { by_hash: HashMap::new(), changes: 0 }) }
    }
}

impl<T> Recent<T> {
    pub(super) fn get(&self, hash: &TextHash) -> Option<Arc<T>> {
        self.rows.read().by_hash.get(hash).cloned()
    }

    /// What to give to [`Self::put`]; to be taken before the row is read.
    pub(super) fn changes(&self) -> u64 {
        self.rows.read().changes
    }

    /// Remembers a row that was read; not if anything was forgotten since, as it may have been read before it changed.
    pub(super) fn put(&self, hash: TextHash, row: Arc<T>, changes: u64) {
        let mut rows = self.rows.write();
        if rows.changes != changes {
            return;
        }
        if rows.by_hash.len() >= MOST {
            rows.by_hash.clear();
        }
        rows.by_hash.insert(hash, row);
    }

    /// Forgets the rows that have changed.
    pub(super) fn forget(&self, has_changed: impl Fn(&T) -> bool) {
        let mut rows = self.rows.write();
        rows.changes += 1;
        rows.by_hash.retain(|_, row| !has_changed(row));
    }
}

/// When, and at which version, what is remembered was known to hold.
#[derive(Default)]
pub(super) struct Freshness {
    known: parking_lot::Mutex<Known>,
    asking: Mutex<()>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    version: Option<i64>,
    asked_at: Option<Instant>,
}

impl Freshness {
    fn is_younger_than(&self, age: Duration) -> bool {
        self.known.lock().asked_at.is_some_and(|asked_at| asked_at.elapsed() < age)
    }
}

impl PostgresStore {
    /// Makes sure that what is remembered holds. One asks at a time; whoever came before the question was sent goes by its answer.
    pub(super) async fn refresh_now(self: &Arc<Self>) -> Result<(), VaultError> {
        let arrived = Instant::now();
        let _asking = self.freshness.asking.lock().await;
        let answered = self.freshness.known.lock().asked_at;
        if answered.is_some_and(|asked_at| asked_at >= arrived) { Ok(()) } else { self.ask_for_version().await }
    }

    /// Makes sure that what is remembered holds, or held less than a second ago.
    pub(super) async fn refresh(self: &Arc<Self>) -> Result<(), VaultError> {
        if self.freshness.is_younger_than(ASK_AFTER) {
            return Ok(());
        }
        let _asking = match self.freshness.asking.try_lock() {
            Ok(asking) => asking,
            Err(_) if self.freshness.is_younger_than(TRUST) => return Ok(()),
            Err(_) => self.freshness.asking.lock().await,
        };
        if self.freshness.is_younger_than(ASK_AFTER) {
            return Ok(());
        }
        self.ask_for_version().await
    }

    async fn ask_for_version(self: &Arc<Self>) -> Result<(), VaultError> {
        let asked = Arc::clone(self);
        self.ask(async move {
            let asked_at = Instant::now();
            let version: i64 = sqlx::query_scalar("SELECT version FROM vault").fetch_one(asked.pool()).await?;
            asked.take_in(version, asked_at);
            Ok(())
        })
        .await
    }

    fn take_in(&self, version: i64, asked_at: Instant) {
        let before = std::mem::replace(&mut *self.freshness.known.lock(), Known { version: Some(version), asked_at: Some(asked_at) });
        if before.version != Some(version) {
            self.tokens.forget(|_| true);
            self.sessions.forget(|_| true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_read_before_something_was_forgotten_is_not_remembered() {
        let recent = Recent::default();
        let before = recent.changes();
        recent.put([1; 32], Arc::new("one"), before);
        recent.put([2; 32], Arc::new("two"), before);
        recent.forget(|row| *row == "one");
        assert!(recent.get(&[1; 32]).is_none());
        assert_eq!(*recent.get(&[2; 32]).unwrap(), "two");
        recent.put([1; 32], Arc::new("one"), before);
        assert!(recent.get(&[1; 32]).is_none());
        recent.put([1; 32], Arc::new("one"), recent.changes());
        assert!(recent.get(&[1; 32]).is_some());
    }
}
