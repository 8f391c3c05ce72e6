//! How fast a backlog is published, against the same bytes sent as fast as the client can:
//! `cargo run --release -p nats-publisher --example publish-throughput 100000` with the number of events; a second argument says how many
//! may be in flight (default 1024), a third one in how many rounds (default 3).
//!
//! The server runs on this machine and syncs lazily, as servers do unless told otherwise: what is measured is the sending.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../tests/common/log.rs"]
mod log;

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{Context, ContextBuilder};
use async_trait::async_trait;
use futures_util::FutureExt;
use jiff::Timestamp;
use nats_publisher::{CursorFile, Feed, Pause, Publisher, PublisherState, ReadModelFeed, Settings};
use public_events::Position;
use test_support::servers::NatsServer;
use tokio_util::sync::CancellationToken;

struct Clock(Instant);

#[async_trait]
impl Pause for Clock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(self.0.elapsed()).unwrap()
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A message as it is sent without a publisher.
struct Raw {
    subject: String,
    id: String,
    body: bytes::Bytes,
}

async fn rendered(feed: &ReadModelFeed) -> Vec<Raw> {
    let (mut after, mut all) = (Position(0), Vec::new());
    loop {
        let page = feed.page(after, 1000).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = last.position;
        all.extend(page.iter().map(|event| Raw {
            subject: event.subject_on_nats().unwrap(),
            id: event.id.to_string(),
            body: event.to_json().unwrap().into(),
        }));
    }
}

/// Sends all, as many in flight as may be, and waits for all acknowledgements.
async fn send(context: &Context, messages: &[Raw], in_flight: usize) -> Duration {
    let began = Instant::now();
    let mut flights = VecDeque::with_capacity(in_flight);
    for message in messages {
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, message.id.as_str());
        let publish = PublishMessage::build().payload(message.body.clone()).headers(headers);
        flights.push_back(context.send_publish(message.subject.clone(), publish).await.unwrap().into_future());
        while flights.len() >= in_flight {
            flights.pop_front().unwrap().await.unwrap();
            while let Some(result) = flights.front_mut().and_then(|flight| flight.now_or_never()) {
                result.unwrap();
                flights.pop_front();
            }
        }
    }
    for flight in flights {
        flight.await.unwrap();
    }
    began.elapsed()
}

/// Lets a publisher drain the backlog.
async fn drain(feed: Arc<ReadModelFeed>, settings: &Settings, events: u64) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let cursor = CursorFile::new(folder.path(), &settings.stream.name);
    let publisher = Publisher::new(feed, settings.clone(), cursor, Arc::new(Clock(Instant::now())));
    let (mut status, stop) = (publisher.status(), CancellationToken::new());
    let began = Instant::now();
    let running = tokio::spawn(publisher.run(stop.clone()));
    status.wait_for(|status| status.sequence == events && status.state == PublisherState::Idle).await.unwrap();
    let took = began.elapsed();
    assert_eq!(status.borrow().failures, 0);
    stop.cancel();
    running.await.unwrap();
    took
}

/// Processor time of this process so far, all threads.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn rate(events: u64, took: Duration) -> f64 {
    f64::from(u32::try_from(events).unwrap()) / took.as_secs_f64()
}

fn each(events: u64, spent: Duration) -> f64 {
    spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(events).unwrap())
}

async fn fresh(server: &NatsServer, name: &str, in_flight: usize) -> Context {
    let client = async_nats::ConnectOptions::new().client_capacity(in_flight + 64).connect(server.url()).await.unwrap();
    let context = ContextBuilder::new().timeout(Duration::from_secs(10)).max_ack_inflight(in_flight + 1).build(client);
    // No error tells more than that there was none.
    let _ = context.delete_stream(name).await;
    context
}

#[tokio::main]
async fn main() {
    let argument = |nth: usize, default: u64| std::env::args().nth(nth).map_or(default, |text| text.parse().unwrap());
    let registrations = argument(1, 100_000).div_ceil(3);
    let in_flight = usize::try_from(argument(2, 1024)).unwrap();
    let log = log::Log::start().await;
    log.add(registrations).await;
    log.caught_up().await;
    let (feed, events) = (log.feed(), registrations * 3);
    let messages = rendered(&feed).await;
    let bytes: usize = messages.iter().map(|message| message.body.len()).sum();
    println!("{events} events of {} bytes, {in_flight} in flight", bytes / messages.len());
    let server = NatsServer::builder().lazy().start();
    let mut settings = Settings { servers: vec![server.url()], in_flight, ..Settings::default() };
    settings.batch = settings.batch.max(u64::try_from(in_flight).unwrap() * 4);
    let name = settings.stream.name.to_string();
    let mut ratios = Vec::new();
    for _ in 0..argument(3, 3) {
        let context = fresh(&server, &name, in_flight).await;
        let config = Config { name: name.clone(), subjects: vec!["gatehouse.v1.>".to_owned()], ..Config::default() };
        context.create_stream(config).await.unwrap();
        let before = processor_time();
        let raw = send(&context, &messages, in_flight).await;
        let (raw_spent, before) = (processor_time() - before, processor_time());
        drop(fresh(&server, &name, in_flight).await);
        let drained = drain(feed.clone(), &settings, events).await;
        let spent = processor_time() - before;
        let (raw_rate, drain_rate) = (rate(events, raw), rate(events, drained));
        ratios.push(drain_rate / raw_rate);
        println!(
            "raw {raw_rate:.0}/s ({:.1} µs of processor time each), publisher {drain_rate:.0}/s ({:.1} µs), ratio {:.2}",
            each(events, raw_spent),
            each(events, spent),
            drain_rate / raw_rate
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!("drain_over_raw_publish {:.3}", ratios.get(ratios.len() / 2).unwrap());
    log.shutdown().await;
}
