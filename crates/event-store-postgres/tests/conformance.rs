//! The PostgreSQL log passes the conformance suite.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::sync::Arc;

use async_trait::async_trait;
use event_store::conformance::Subject;
use event_store::{Clock, EventStore};
use event_store_postgres::{Options, PostgresLog};
use test_support::servers::TestDatabase;

struct InDatabase(TestDatabase);

#[async_trait]
impl Subject for InDatabase {
    async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
        Arc::new(PostgresLog::open(&self.0.url().parse().unwrap(), Options::new(clock)).await.unwrap())
    }

    async fn open_beside(&mut self, clock: Clock) -> Option<Arc<dyn EventStore>> {
        Some(self.open(clock).await)
    }
}

event_store::conformance_tests!(InDatabase(TestDatabase::create()));

/// The same with a memory that forgets at once, transactions of a few appends, and one reader.
mod with_everything_small {
    use super::{Arc, Clock, EventStore, Options, PostgresLog, Subject, TestDatabase, async_trait};

    struct Small(TestDatabase);

    #[async_trait]
    impl Subject for Small {
        async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
            let options = Options { readers: 1, batch_appends: 3, batch_bytes: 100, remembered_streams: 2, ..Options::new(clock) };
            Arc::new(PostgresLog::open(&self.0.url().parse().unwrap(), options).await.unwrap())
        }

        async fn open_beside(&mut self, clock: Clock) -> Option<Arc<dyn EventStore>> {
            Some(self.open(clock).await)
        }
    }

    event_store::conformance_tests!(Small(TestDatabase::create()));
}
