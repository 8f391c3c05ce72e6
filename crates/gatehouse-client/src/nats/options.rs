//! Which durable consumer, and whether it is fit for the job.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, Config as AnyConfig, Consumer as Durable, DeliverPolicy, ReplayPolicy};

/// Which consumer, and how much at a time.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// The stream, `GATEHOUSE_EVENTS` unless its operator says otherwise.
    pub stream: String,
    /// The durable consumer, as the operator named it.
    pub name: String,
    /// What JetStream's API is called here: `GATEHOUSE.API` for a service in an account of its own, as `deploy/nats` has it;
    /// `$JS.API` (the default) in the account of the stream.
    pub api: String,
    /// How many messages are fetched at a time (default 64). What is fetched and not handled when the application is killed comes
    /// again after the consumer's `ack_wait`; fetch no more than is handled within that time.
    pub batch: usize,
    /// Makes the consumer if there is none, limited to these subjects (none: do not make it). Needs a permission that services usually
    /// do not have.
    pub create: Option<Vec<String>>,
}

impl ConsumerOptions {
    /// The consumer of this name on the stream `GATEHOUSE_EVENTS`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { stream: "GATEHOUSE_EVENTS".to_owned(), name: name.to_owned(), api: "$JS.API".to_owned(), batch: 64, create: None }
    }
}

pub(super) async fn durable(
    context: &Context,
    options: &ConsumerOptions,
) -> Result<Durable<Config>, Box<dyn std::error::Error + Send + Sync>> {
    let found = context.get_consumer_from_stream::<Config, _, _>(&options.name, &options.stream).await;
    match (found, &options.create) {
        (Ok(durable), _) => Ok(durable),
        (Err(error), None) => Err(error.into()),
        (Err(_missing), Some(subjects)) => {
            let config = Config {
                durable_name: Some(options.name.clone()),
                filter_subjects: subjects.clone(),
                deliver_policy: DeliverPolicy::All,
                ack_policy: AckPolicy::Explicit,
                replay_policy: ReplayPolicy::Instant,
                ack_wait: Duration::from_secs(15),
                max_ack_pending: 256,
                max_deliver: -1,
                ..Config::default()
            };
            Ok(context.create_consumer_on_stream(config, &options.stream).await?)
        }
    }
}

/// What about a consumer's configuration could leave events out or reorder them.
pub(super) fn unfit(config: &AnyConfig) -> Option<&'static str> {
    if config.ack_policy != AckPolicy::Explicit {
        return Some("its ack_policy must be explicit");
    }
    if config.max_deliver > 0 {
        return Some("its max_deliver must be -1, or an event that fails a few times is left out");
    }
    if config.headers_only {
        return Some("it must not be headers_only");
    }
    if !(1..=10_000).contains(&config.max_ack_pending) {
        return Some("its max_ack_pending must be between 1 and 10000: that many messages may be held in memory");
    }
    None
}

/// TLS needs to know whose cryptography to use. An application that has chosen keeps its choice.
pub(super) fn install_tls_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
