//! The log passes the conformance suite.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail loudly; a test that is skipped says so")]

use std::sync::Arc;

use async_trait::async_trait;
use event_store::conformance::Subject;
use event_store::{Clock, EventStore};
use event_store_kurrentdb::{KurrentLog, Options};
use eventstore_double::{Node, Store};

/// On the double, alone in its cluster.
#[derive(Default)]
struct OnDouble(Store, Option<Node>);

impl OnDouble {
    fn new() -> Self {
        Self(Store::new(), None)
    }

    async fn open_with(&mut self, options: Options) -> Arc<dyn EventStore> {
        if self.1.is_none() {
            self.1 = Some(Node::start(&self.0, 0).await.unwrap());
        }
        let url = self.1.as_ref().unwrap().url();
        Arc::new(KurrentLog::open(&url, options).await.unwrap())
    }
}

#[async_trait]
impl Subject for OnDouble {
    async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
        self.open_with(Options::new(clock)).await
    }

    async fn open_beside(&mut self, clock: Clock) -> Option<Arc<dyn EventStore>> {
        Some(self.open(clock).await)
    }

    fn gapless(&self) -> bool {
        false
    }
}

event_store::conformance_tests!(OnDouble::new());

/// The same with small pages, few appends at a time, and a namespace among other streams.
mod with_everything_small {
    use super::{Arc, Clock, EventStore, OnDouble, Options, Subject, async_trait};

    struct Small(OnDouble);

    #[async_trait]
    impl Subject for Small {
        async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
            for stream in ["$stats-127.0.0.1:2113", "case-00000000-0000-0000-0000-000000000001", "$ce-case"] {
                self.0.0.append_foreign(stream);
            }
            let options = Options { namespace: "small_1".to_owned(), page: 50, in_flight: 8, ..Options::new(clock) };
            self.0.open_with(options).await
        }

        async fn open_beside(&mut self, clock: Clock) -> Option<Arc<dyn EventStore>> {
            Some(self.open(clock).await)
        }

        fn gapless(&self) -> bool {
            false
        }
    }

    event_store::conformance_tests!(Small(OnDouble::new()));
}

/// The same on a real cluster, where there is one: `GATEHOUSE_TEST_ESDB=esdb://admin:changeit@127.0.0.1:2113?tls=false`. Each test has a
/// namespace of its own; what it wrote stays there.
mod on_a_real_cluster {
    use super::{Arc, Clock, EventStore, KurrentLog, Options, Subject, async_trait};

    struct Cluster {
        address: String,
        namespace: String,
    }

    impl Cluster {
        fn named() -> Option<Self> {
            let Ok(address) = std::env::var("GATEHOUSE_TEST_ESDB") else {
                println!("skipped: GATEHOUSE_TEST_ESDB names no EventStoreDB or KurrentDB cluster");
                return None;
            };
            Some(Self { address, namespace: format!("test_{:016x}", getrandom::u64().unwrap()) })
        }
    }

    #[async_trait]
    impl Subject for Cluster {
        async fn open(&mut self, clock: Clock) -> Arc<dyn EventStore> {
            let options = Options { namespace: self.namespace.clone(), ..Options::new(clock) };
            Arc::new(KurrentLog::open(&self.address, options).await.unwrap())
        }

        async fn open_beside(&mut self, clock: Clock) -> Option<Arc<dyn EventStore>> {
            Some(self.open(clock).await)
        }

        fn gapless(&self) -> bool {
            false
        }
    }

    event_store::conformance_tests!(match Cluster::named() {
        Some(cluster) => cluster,
        None => return,
    });
}
