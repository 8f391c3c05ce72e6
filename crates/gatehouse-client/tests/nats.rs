//! The consumer against a real NATS server, through a proxy that breaks connections.
#![allow(clippy::unwrap_used, reason = "helpers of tests: what cannot go on fails the test")]

use std::time::Duration;

use async_nats::jetstream;
use gatehouse_client::nats::{Consumer, ConsumerOptions, NatsError};
use gatehouse_client::public_events::Position;
use gatehouse_client::{Coverage, Progress, Source, SourceError, Step, What};
use test_support::servers::{NatsProxy, NatsServer};
use uuid::Uuid;

const STREAM: &str = "GATEHOUSE_EVENTS";
const EVENTS: u64 = 3_000;

fn message(position: u64, previous: u64) -> String {
    let kind = if position.is_multiple_of(50) { "access.lent.v1" } else { "access.granted.v1" };
    format!(
        r#"{{"specversion":"1.0","id":"{}","source":"https://gateway.example","type":"{kind}",
        "subject":"access/0192d0c5-0000-7000-8000-000000000002","time":"2026-11-21T15:00:00.000001Z","datacontenttype":"application/json",
        "dataschema":"https://gateway.example/v1/schemas/{kind}","position":"{position}","previous":"{previous}",
        "epoch":"0192d0c5-0000-7000-8000-00000000000e","data":{{"user":"0192d0c5-0000-7000-8000-00000000000a",
        "organization":"0192d0c5-0000-7000-8000-00000000000b","application":"0192d0c5-0000-7000-8000-00000000000c"}}}}"#,
        Uuid::from_u128(u128::from(position))
    )
}

async fn stream(server: &NatsServer) -> jetstream::Context {
    let context = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let config = jetstream::stream::Config { name: STREAM.into(), subjects: vec!["gatehouse.v1.>".into()], ..Default::default() };
    context.create_stream(config).await.unwrap();
    context
}

/// Positions 2, 4, 6 and so on: what lies between is not public.
async fn publish(context: &jetstream::Context, events: u64) {
    let mut acknowledged = Vec::new();
    for event in 1..=events {
        let text = message(event * 2, event * 2 - 2);
        acknowledged.push(context.publish("gatehouse.v1.access.granted.PARTS._", text.into()).await.unwrap());
    }
    for one in acknowledged {
        one.await.unwrap();
    }
}

async fn durable(context: &jetstream::Context, name: &str, config: jetstream::consumer::pull::Config) {
    let config = jetstream::consumer::pull::Config { durable_name: Some(name.into()), ..config };
    context.create_consumer_on_stream(config, STREAM).await.unwrap();
}

/// A generator that needs no crate: what goes wrong is the same in every run.
fn chance(state: &mut u64, of: u64) -> bool {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33).is_multiple_of(of)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_break_and_processes_are_killed_and_every_event_is_handled_once_and_in_order() {
    let server = NatsServer::builder().lazy().start();
    let context = stream(&server).await;
    publish(&context, EVENTS).await;
    let proxy = NatsProxy::before(server.port());
    durable(
        &context,
        "parts",
        jetstream::consumer::pull::Config { ack_wait: Duration::from_secs(1), max_ack_pending: 256, ..Default::default() },
    )
    .await;

    let (mut kept, mut seen, mut redelivered, mut unknown) = (Vec::new(), None, 0_u32, 0_u64);
    let mut fate = 42;
    while u64::try_from(kept.len()).unwrap() < EVENTS {
        let consumer = Consumer::connect(&proxy.url(), async_nats::ConnectOptions::new(), ConsumerOptions::named("parts")).await.unwrap();
        let mut source = Source::from(consumer);
        // Until it is killed: what was fetched and not handled is lost with the process.
        while u64::try_from(kept.len()).unwrap() < EVENTS && !chance(&mut fate, 700) {
            let delivery = source.next().await.unwrap();
            redelivered += u32::from(delivery.redelivered);
            // Nothing that is not covered could be missed without being noticed.
            match Progress::step(seen, &delivery.event.envelope, Coverage::Part).unwrap() {
                Step::Seen => {}
                Step::Next(progress) => {
                    kept.push(progress.position);
                    seen = Some(progress);
                    unknown += u64::from(delivery.event.what == What::Unknown);
                }
            }
            if !chance(&mut fate, 500) {
                delivery.done().await;
            }
            if chance(&mut fate, 400) {
                proxy.cut();
            }
        }
    }
    assert_eq!(kept, (1..=EVENTS).map(|event| Position(event * 2)).collect::<Vec<_>>());
    assert_eq!(unknown, EVENTS / 25);
    assert!(redelivered > 0, "nothing was sent twice: this run shows nothing");
}

#[tokio::test]
async fn what_a_stopped_process_gives_back_is_there_at_once() {
    let server = NatsServer::builder().lazy().start();
    let context = stream(&server).await;
    publish(&context, 10).await;
    // Waiting for an acknowledgement would take an hour.
    durable(
        &context,
        "parts",
        jetstream::consumer::pull::Config { ack_wait: Duration::from_secs(3600), max_ack_pending: 64, ..Default::default() },
    )
    .await;
    let bind = async || {
        let connect = async_nats::ConnectOptions::new();
        Source::from(Consumer::connect(&server.url(), connect, ConsumerOptions::named("parts")).await.unwrap())
    };
    let mut source = bind().await;
    for expected in [2, 4] {
        let delivery = source.next().await.unwrap();
        assert_eq!(delivery.event.envelope.position, Position(expected));
        delivery.done().await;
    }
    source.close().await;
    let mut source = bind().await;
    for expected in [6, 8, 10] {
        let delivery = tokio::time::timeout(Duration::from_secs(30), source.next()).await.unwrap().unwrap();
        assert_eq!(delivery.event.envelope.position, Position(expected));
        delivery.done().await;
    }
}

#[tokio::test]
async fn consumers_that_could_leave_events_out_are_refused_and_malformed_events_and_deleted_consumers_are_told() {
    let server = NatsServer::builder().lazy().start();
    let context = stream(&server).await;
    let bind = async |options| Consumer::connect(&server.url(), async_nats::ConnectOptions::new(), options).await;

    assert!(matches!(bind(ConsumerOptions::named("nobody")).await, Err(NatsError::Bind { .. })));
    durable(&context, "forgetful", jetstream::consumer::pull::Config { max_deliver: 3, ..Default::default() }).await;
    let refused = bind(ConsumerOptions::named("forgetful")).await.unwrap_err();
    assert!(refused.to_string().contains("max_deliver must be -1"), "{refused}");

    let made = ConsumerOptions { create: Some(vec!["gatehouse.v1.>".into()]), ..ConsumerOptions::named("made") };
    let mut source = Source::from(bind(made).await.unwrap());
    context.publish("gatehouse.v1.access.granted.PARTS._", r#"{"id":"0192d0c5-0000-7000-8000-000000000001"}"#.into()).await.unwrap();
    let Err(SourceError::Malformed(error)) = source.next().await else { panic!("it was understood") };
    assert_eq!(error.to_string(), "the event 0192d0c5-0000-7000-8000-000000000001 cannot be understood");

    context.delete_consumer_from_stream("made", STREAM).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(60), source.next()).await.unwrap().unwrap_err();
    assert!(matches!(told, SourceError::Nats(NatsError::Gone { .. })), "{told}");
}
