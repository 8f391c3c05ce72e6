//! The SQLite log passes the conformance suite.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::sync::Arc;

use async_trait::async_trait;
use event_store::conformance::Subject;
use event_store::{Clock, EventStore};
use event_store_sqlite::{Options, SqliteLog};
use tempfile::TempDir;

struct InFolder(TempDir);

impl InFolder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl Subject for InFolder {
    async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
        Arc::new(SqliteLog::open(self.0.path().join("log.db"), Options::new(clock)).unwrap())
    }
}

event_store::conformance_tests!(InFolder::new());

/// The same with a memory that forgets at once, transactions of a few appends, and one reader.
mod with_everything_small {
    use super::{Arc, Clock, EventStore, Options, SqliteLog, Subject, TempDir, async_trait};

    struct Small(TempDir);

    #[async_trait]
    impl Subject for Small {
        async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
            let options = Options { readers: 1, batch_appends: 3, batch_bytes: 100, remembered_streams: 2, ..Options::new(clock) };
            Arc::new(SqliteLog::open(self.0.path().join("log.db"), options).unwrap())
        }
    }

    event_store::conformance_tests!(Small(tempfile::tempdir().unwrap()));
}
