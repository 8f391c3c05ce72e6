//! What is gone from the server is told, never passed over.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod common;

use bytes::Bytes;
use common::{append, case, ids, new_log, open, options, until, whole_log};
use event_store::{AppendError, Direction, EventStore, Expected, Position, ReadError, Recorded};
use event_store_kurrentdb::KurrentLog;
use eventstore_double::{Node, Store};

/// Twelve events: four each in three streams.
async fn filled() -> (Store, Node, KurrentLog) {
    let (store, node, log) = new_log().await;
    for version in 0..4_u64 {
        for stream in 1..=3_u128 {
            let expected = version.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
            log.append(append(stream, expected, &[stream * 10 + u128::from(version)])).outcome().await.unwrap();
        }
    }
    (store, node, log)
}

fn is_damaged(read: &Result<Vec<Recorded>, ReadError>) -> bool {
    matches!(read, Err(ReadError::Damaged { .. }))
}

async fn stops(log: &KurrentLog) -> String {
    let mut failure = log.failure();
    let reason = tokio::time::timeout(std::time::Duration::from_secs(5), failure.wait_for(Option::is_some)).await;
    let reason = reason.unwrap().unwrap().clone().unwrap();
    let refused = log.append(append(77, Expected::NoStream, &[77])).outcome().await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    reason.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_end_was_lost_stops() {
    let (store, node, log) = filled().await;
    store.lose_tail(1);
    assert!(stops(&log).await.contains("lost the end"));
    // What is left is a log, for whoever opens it and knows.
    let reopened = open(&node).await;
    assert_eq!(whole_log(&reopened).await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_end_was_lost_and_written_over_stops() {
    let (store, node, log) = filled().await;
    let other = open(&node).await;
    store.lose_tail(2);
    // The same size at the same place, but another event.
    other.append(append(3, Expected::Exact(2), &[99])).outcome().await.ok();
    assert!(stops(&log).await.contains("lost the end"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_the_server_that_are_lost_or_scavenged_are_no_damage() {
    let (store, _node, log) = filled().await;
    let polled = store.events().len();
    for _ in 0..3 {
        store.append_foreign("$stats-127.0.0.1:2113");
        log.append(append(4, Expected::Exact(9), &[1])).outcome().await.unwrap_err();
        assert_eq!(log.newest(&case(1)).await.unwrap().unwrap().0, 3);
    }
    store.lose_tail(1);
    let scavenged = store.events().get(polled).unwrap().position;
    store.lose_event(scavenged);
    for number in 0..20_u64 {
        let expected = number.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
        log.append(append(4, expected, &[100 + u128::from(number)])).outcome().await.unwrap();
    }
    assert!(log.failure().borrow().is_none());
    assert_eq!(whole_log(&log).await.len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_deleted_for_good_is_told() {
    let (store, _node, log) = filled().await;
    store.tombstone("case-00000000-0000-0000-0000-000000000002");
    assert!(is_damaged(&log.read_stream(&case(2), 0, Direction::Forwards, 10).await));
    assert!(is_damaged(&log.read_stream(&case(2), u64::MAX, Direction::Backwards, 10).await));
    assert!(is_damaged(&log.read_all(Position::START, 100).await));
    assert!(stops(&log).await.contains("deleted"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_truncated_or_deleted_softly_is_told() {
    for before in [1, 3, i64::MAX.unsigned_abs()] {
        let (store, node, log) = filled().await;
        store.truncate("case-00000000-0000-0000-0000-000000000002", before);
        assert!(stops(&log).await.contains("deleted, or are hidden"));
        // Also by who comes later, and wherever it starts.
        let log = KurrentLog::open(&node.url(), options()).await;
        assert!(log.is_err(), "the end of the log says it");
        let (store, _node, log) = filled().await;
        store.append_foreign("$stats-127.0.0.1:2113");
        let name = "case-00000000-0000-0000-0000-000000000002";
        store.truncate(name, before);
        assert!(is_damaged(&log.read_stream(&case(2), 0, Direction::Forwards, 10).await));
        assert!(is_damaged(&log.read_stream(&case(2), u64::MAX, Direction::Backwards, 10).await));
        assert!(is_damaged(&log.read_all(Position::START, 100).await));
        assert_eq!(log.read_stream(&case(1), 0, Direction::Forwards, 10).await.unwrap().len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_hidden_and_shows_all_its_events_again_is_whole() {
    let (store, node, log) = filled().await;
    let name = "case-00000000-0000-0000-0000-000000000002";
    store.truncate(name, 2);
    stops(&log).await;
    store.truncate(name, 0);
    let log = open(&node).await;
    assert_eq!(whole_log(&log).await.len(), 12);
    log.append(append(2, Expected::Exact(3), &[99])).outcome().await.unwrap();
    assert!(log.failure().borrow().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_is_missing_from_its_stream_is_told() {
    let (store, _node, log) = filled().await;
    let second = log.read_stream(&case(2), 1, Direction::Forwards, 1).await.unwrap().first().unwrap().position.0;
    store.lose_event(second);
    assert!(is_damaged(&log.read_stream(&case(2), 0, Direction::Forwards, 10).await));
    assert!(is_damaged(&log.read_stream(&case(2), u64::MAX, Direction::Backwards, 10).await));
    assert_eq!(log.read_stream(&case(2), 2, Direction::Forwards, 10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_another_program_wrote_into_a_stream_of_ours_is_told() {
    let (store, _node, log) = filled().await;
    let place = log.read_all(Position::START, 6).await.unwrap().last().unwrap().position.0;
    store.edit(place, |event| event.custom_metadata = Bytes::from_static(b"{}"));
    assert!(is_damaged(&log.read_all(Position::START, 100).await));
    assert!(is_damaged(&log.read_stream(&case(3), 0, Direction::Forwards, 10).await));
    assert!(log.read_all(Position(place), 100).await.is_ok());
    store.append_foreign("case-00000000-0000-0000-0000-000000000009");
    assert!(stops(&log).await.contains("not written by Gatehouse"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_epoch_stops_those_who_live_in_the_old_one() {
    let (store, node, log) = filled().await;
    let (old, before) = (log.epoch(), whole_log(&log).await);
    let new = KurrentLog::start_new_epoch(&node.url(), options()).await.unwrap();
    assert_ne!(old, new);
    assert!(stops(&log).await.contains("another epoch"));
    let reopened = open(&node).await;
    assert_eq!((reopened.epoch(), whole_log(&reopened).await), (new, before));
    assert_eq!(store.events().iter().filter(|event| event.stream == "gatehouse-epochs").count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_not_empty_while_events_of_ours_follow_among_those_of_others() {
    let (store, node, log) = new_log().await;
    for id in 1..=5_u64 {
        for _ in 0..40 {
            store.append_foreign("$stats-127.0.0.1:2113");
        }
        let expected = id.checked_sub(2).map_or(Expected::NoStream, Expected::Exact);
        log.append(append(1, expected, &[id.into()])).outcome().await.unwrap();
    }
    for _ in 0..40 {
        store.append_foreign("another-application");
    }
    let small = KurrentLog::open(&node.url(), event_store_kurrentdb::Options { page: 7, ..options() }).await.unwrap();
    let (mut forwards, mut after) = (Vec::new(), Position::START);
    while let Some(event) = small.read_all(after, 1).await.unwrap().pop() {
        after = event.position;
        forwards.push(event);
    }
    assert_eq!(ids(&forwards), vec![1, 2, 3, 4, 5]);
    assert_eq!(*small.head().borrow(), after);
    let backwards = small.read_all_backwards(Position(u64::MAX), 9).await.unwrap();
    assert_eq!(ids(&backwards), vec![5, 4, 3, 2, 1]);
    until(|| log.failure().borrow().is_none()).await;
}
