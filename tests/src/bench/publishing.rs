//! A backlog of public events onto a stream, against the same bytes sent as fast as the client can.

use std::collections::VecDeque;
use std::future::IntoFuture;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{Context, ContextBuilder};
use async_trait::async_trait;
use event_store::EventStore;
use event_store_sqlite::SqliteLog;
use futures_util::FutureExt;
use jiff::Timestamp;
use nats_publisher::{CursorFile, Feed, Pause, Publisher, PublisherState, ReadModelFeed, Settings};
use projection_runtime::{Lease, Setup};
use public_events::Position;
use public_feed::{Origin, PublicFeed};
use test_support::servers::NatsServer;
use tokio_util::sync::CancellationToken;

use super::Options;
use super::figure::{Aim, Figure, Report};
use super::stories::{Fixture, Stage};

const FIGURE: &str = "publish_backlog_over_raw_async";
/// How often both are measured, in turns; the median counts.
const ROUNDS: usize = 3;

/// Drains a backlog of a hundred thousand events or more.
///
/// # Panics
/// When something cannot be measured.
pub fn measure(options: &Options, report: &mut Report) {
    if !options.wants(&[FIGURE]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let (events, bytes, mut rounds) = runtime.block_on(rounds(folder.path()));
    rounds.sort_by(|a, b| a.ratio().total_cmp(&b.ratio()));
    let round = rounds[rounds.len() / 2];
    report.add(Figure {
        name: FIGURE,
        value: round.ratio(),
        aim: Aim::AtLeast(0.5),
        conditions: format!(
            "{events} events of {bytes} bytes, read from the read model and published by the publisher: {:.0}/s; the same messages by the client \
             alone, as many in flight: {:.0}/s; one server on this machine, median of {ROUNDS}",
            per_second(events, round.drained),
            per_second(events, round.raw),
        ),
        limit: "processor time: client, publisher and server share the cores, and the server takes most of it",
    });
}

/// How long each took.
#[derive(Debug, Clone, Copy)]
struct Round {
    raw: Duration,
    drained: Duration,
}

impl Round {
    fn ratio(self) -> f64 {
        self.raw.as_secs_f64() / self.drained.as_secs_f64()
    }
}

fn per_second(events: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// The number of events, how many bytes each has, and how long they took.
async fn rounds(data: &Path) -> (usize, usize, Vec<Round>) {
    let fixture = Fixture::open(data);
    fixture.fill(0, 40_000, Stage::Reviewed).await;
    let log: Arc<dyn EventStore> = Arc::<SqliteLog>::clone(&fixture.log);
    let (head, epoch) = (*log.head().borrow(), log.epoch().0);
    let projections: Vec<Arc<dyn projection_runtime::Projection>> = vec![Arc::new(PublicFeed)];
    let setup =
        Setup { data: data.to_owned(), shared: None, log, codec: fixture.codec.clone(), clock: Arc::new(Timestamp::now), projections };
    let read_models = projection_runtime::Runtime::start(setup).await.expect("read models can be built");
    read_models.wait_for(head, Duration::from_secs(600)).await.expect("the feed catches up");
    let views = read_models.views("public-feed").expect("there is a feed");
    let origin = Origin { source: "https://gateway.example".to_owned(), schemas: "https://gateway.example/v1/schemas".to_owned(), epoch };
    let feed = Arc::new(ReadModelFeed::new(views, origin));
    let messages = rendered(&feed).await;
    let bytes = messages.iter().map(|message| message.body.len()).sum::<usize>() / messages.len();
    // It syncs lazily, as servers do unless told otherwise: what is measured is the sending.
    let server = NatsServer::builder().lazy().start();
    let settings = Settings { servers: vec![server.url()], ..Settings::default() };
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let context = fresh(&server, &settings).await;
        let name = settings.stream.name.to_string();
        let config = Config { name, subjects: vec!["gatehouse.v1.>".to_owned()], ..Config::default() };
        context.create_stream(config).await.expect("the stream can be made");
        let raw = send(&context, &messages, settings.in_flight).await;
        drop(fresh(&server, &settings).await);
        let drained = drain(feed.clone(), &settings, messages.len()).await;
        rounds.push(Round { raw, drained });
    }
    read_models.shutdown().await;
    (messages.len(), bytes, rounds)
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
        let page = feed.page(after, 1000).await.expect("the feed can be read");
        let Some(last) = page.last() else { return all };
        after = last.position;
        all.extend(page.iter().map(|event| Raw {
            subject: event.subject_on_nats().expect("an event has a subject"),
            id: event.id.to_string(),
            body: event.to_json().expect("an event can be written").into(),
        }));
    }
}

/// A connection to a server without the stream.
async fn fresh(server: &NatsServer, settings: &Settings) -> Context {
    let options = async_nats::ConnectOptions::new().client_capacity(settings.in_flight + 64);
    let client = options.connect(server.url()).await.expect("the server answers");
    let context = ContextBuilder::new().timeout(Duration::from_secs(10)).max_ack_inflight(settings.in_flight + 1).build(client);
    // An error says only that there was none.
    drop(context.delete_stream(settings.stream.name.as_str()).await);
    context
}

/// Sends all, as many in flight as may be, and waits for all acknowledgements.
async fn send(context: &Context, messages: &[Raw], in_flight: usize) -> Duration {
    let began = Instant::now();
    let mut flights = VecDeque::with_capacity(in_flight);
    for message in messages {
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, message.id.as_str());
        let publish = PublishMessage::build().payload(message.body.clone()).headers(headers);
        flights.push_back(context.send_publish(message.subject.clone(), publish).await.expect("it can be sent").into_future());
        while flights.len() >= in_flight
            && let Some(first) = flights.pop_front()
        {
            first.await.expect("it is acknowledged");
            while let Some(result) = flights.front_mut().and_then(FutureExt::now_or_never) {
                result.expect("it is acknowledged");
                flights.pop_front();
            }
        }
    }
    for flight in flights {
        flight.await.expect("it is acknowledged");
    }
    began.elapsed()
}

/// Lets a publisher drain the backlog.
async fn drain(feed: Arc<ReadModelFeed>, settings: &Settings, events: usize) -> Duration {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let cursor = CursorFile::new(folder.path(), &settings.stream.name);
    let publisher = Publisher::new(feed, settings.clone(), cursor, Arc::new(RealTime), Lease::alone());
    let (mut status, stop) = (publisher.status(), CancellationToken::new());
    let began = Instant::now();
    let running = tokio::spawn(publisher.run(stop.clone()));
    let events = u64::try_from(events).unwrap_or(u64::MAX);
    let done = status.wait_for(|status| status.sequence == events && status.state == PublisherState::Idle);
    let failures = done.await.expect("the publisher runs").failures;
    let took = began.elapsed();
    assert_eq!(failures, 0, "a failure would be measured");
    stop.cancel();
    running.await.expect("the publisher ends");
    took
}

struct RealTime;

#[async_trait]
impl Pause for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
