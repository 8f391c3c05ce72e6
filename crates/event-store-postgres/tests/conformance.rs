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
}

event_store::conformance_tests!(InDatabase(TestDatabase::create()));
