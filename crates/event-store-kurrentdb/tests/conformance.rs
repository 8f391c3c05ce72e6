//! The log passes the conformance suite.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

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
            let options = Options { namespace: "small_1".to_owned(), page: 50, in_flight: 2, ..Options::new(clock) };
            self.0.open_with(options).await
        }

        fn gapless(&self) -> bool {
            false
        }
    }

    event_store::conformance_tests!(Small(OnDouble::new()));
}
