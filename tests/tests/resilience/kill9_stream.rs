//! What was published while the service, and now and then the NATS server, were killed: the stream has each public event once, in order.

use std::path::Path;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures_util::StreamExt;
use serde_json::Value;
use test_support::eventually;
use test_support::servers::{GatehouseProcess, NatsServer};
use tests::seed::gatehouse;

use crate::kill9::LIMIT;

const STREAM: &str = "GATEHOUSE_EVENTS";

/// A NATS server that the service publishes to.
pub(crate) struct Broker(NatsServer);

impl Broker {
    /// One that does not wait for the disk: it is killed, but the power stays on.
    pub(crate) fn start() -> Self {
        Self(NatsServer::builder().lazy().start())
    }

    pub(crate) fn url(&self) -> String {
        self.0.url()
    }

    /// In some cycles it is killed beside the service; in some of these it comes back only later.
    pub(crate) fn suffer(&mut self, cycle: usize) {
        if cycle % 3 == 1 {
            self.0.kill();
        }
        if cycle % 6 != 1 && !self.0.is_running() {
            self.0.restart();
        }
    }

    /// The stream has what is told over HTTP, each event once and in its order. How many events that are.
    pub(crate) async fn has_each_event_once(&mut self, data: &Path, process: &GatehouseProcess) -> usize {
        if !self.0.is_running() {
            self.0.restart();
        }
        let told = told(data, process).await;
        let context = async_nats::jetstream::new(async_nats::connect(self.0.url()).await.unwrap());
        let wanted = u64::try_from(told.len()).unwrap();
        let full = async || context.get_stream(STREAM).await.ok().filter(|stream| stream.cached_info().state.messages >= wanted);
        let stream = eventually("the stream to have all events", LIMIT, full).await;
        assert_eq!(stream.cached_info().state.messages, wanted, "the stream has more than was told");
        let config = OrderedConfig { headers_only: true, ..OrderedConfig::default() };
        let messages = stream.create_consumer(config).await.unwrap().messages().await.unwrap();
        let published: Vec<_> = messages.take(told.len()).map(|message| named(message.unwrap().headers.as_ref())).collect().await;
        let first = published.iter().zip(&told).position(|(published, told)| published != told);
        assert_eq!(first, None, "the stream differs from what is told over HTTP, for the first time at this place");
        told.len()
    }
}

/// Id and position of an event.
type Name = (String, String);

fn named(headers: Option<&HeaderMap>) -> Name {
    let header = |name: &str| headers.unwrap().get(name).unwrap().to_string();
    (header("Nats-Msg-Id"), header("Gatehouse-Position"))
}

/// All events that a service is told of over HTTP.
async fn told(data: &Path, process: &GatehouseProcess) -> Vec<Name> {
    drop(gatehouse(data, &["service", "register", "everything"]));
    let token = gatehouse(data, &["token", "create", "everything", "--service", "everything"]);
    let http = reqwest::Client::new();
    let mut names: Vec<Name> = Vec::new();
    loop {
        let after = names.last().map_or("0", |(_, position)| position.as_str());
        let page = http.get(process.url(&format!("/v1/events?after={after}&limit=1000"))).bearer_auth(token.trim()).send().await.unwrap();
        let page: Vec<Value> = page.error_for_status().unwrap().json().await.unwrap();
        if page.is_empty() {
            return names;
        }
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        names.extend(page.iter().map(|event| (text(event, "id"), text(event, "position"))));
    }
}
