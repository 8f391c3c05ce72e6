//! How fast the log is against a server, or against the stand-in in a process of its own.
//!
//! ```sh
//! cargo run --release -p eventstore-double -- --port 2114 &
//! cargo run --release -p event-store-kurrentdb --example throughput -- 'esdb://127.0.0.1:2114?tls=false' [SECONDS]
//! ```
//!
//! Prints, for 1, 64 and 256 appends in flight: appends of one event of about 420 bytes to new streams per second, with latencies; then
//! events read per second from `$all`. It writes into a namespace of its own, `throughput`, which stays.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a tool: prints, fails loudly, reads the clock")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use event_store::{Append, EventStore, Expected, NewEvent, Position, StreamId};
use event_store_kurrentdb::{KurrentLog, Options};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use uuid::Uuid;

fn append(data: &Bytes) -> Append {
    let event =
        NewEvent { id: Uuid::new_v4(), event_type: "registration.submitted.v1".into(), metadata: data.slice(..80), data: data.slice(80..) };
    Append { stream: StreamId::new("registration", Uuid::new_v4()), expected: Expected::NoStream, events: vec![event], after: None }
}

/// One client: as many appends as it can make until the end, each waited for.
async fn client(log: Arc<KurrentLog>, data: Bytes, end: Instant) -> Vec<u64> {
    let mut micros = Vec::new();
    while Instant::now() < end {
        let since = Instant::now();
        log.append(append(&data)).outcome().await.unwrap();
        micros.push(u64::try_from(since.elapsed().as_micros()).unwrap());
    }
    micros
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "esdb://127.0.0.1:2113?tls=false".to_owned());
    let seconds: u64 = arguments.next().map_or(5, |seconds| seconds.parse().unwrap());
    let options = Options { namespace: "throughput".to_owned(), ..Options::new(Arc::new(Timestamp::now)) };
    let log = Arc::new(KurrentLog::open(&address, options).await.unwrap());
    let data = Bytes::from("{\"legal_name\":\"Turbine Works\"}".repeat(14));
    let before = *log.head().borrow();
    for in_flight in [1, 64, 256] {
        let end = Instant::now() + Duration::from_secs(seconds);
        let clients: Vec<_> = (0..in_flight).map(|_| tokio::spawn(client(Arc::clone(&log), data.clone(), end))).collect();
        let mut latencies = Histogram::<u64>::new(3).unwrap();
        for client in clients {
            for micros in client.await.unwrap() {
                latencies.record(micros).unwrap();
            }
        }
        let (p50, p99) = (latencies.value_at_quantile(0.5), latencies.value_at_quantile(0.99));
        println!("{in_flight:>4} in flight: {:>7} appends/s, p50 {p50} us, p99 {p99} us", latencies.len() / seconds);
    }
    let (since, mut after, mut events) = (Instant::now(), before, 0);
    loop {
        let page = log.read_all(after, 2000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        events += page.len();
    }
    println!("read: {:.0} events/s", f64::from(u32::try_from(events).unwrap()) / since.elapsed().as_secs_f64());
    assert!(after > Position::START);
    log.close().await;
}
