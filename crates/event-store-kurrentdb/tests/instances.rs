//! Several processes on one log.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::Arc;

use common::{append, case, new_log, open, whole_log};
use event_store::{AppendError, EventStore, Expected, Position, Recorded};
use event_store_kurrentdb::KurrentLog;
use eventstore_double::{Apart, Fault, Node, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_instances_of_a_new_log_have_one_epoch() {
    let store = Store::new();
    let node = Node::start(&store, 0).await.unwrap();
    let opened = tokio::join!(open(&node), open(&node), open(&node));
    assert_eq!(opened.0.epoch(), opened.1.epoch());
    assert_eq!(opened.0.epoch(), opened.2.epoch());
    assert!(whole_log(&opened.0).await.is_empty());
    assert!(opened.0.is_shared());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_same_append_by_two_instances_one_is_the_first_and_the_other_a_repeat() {
    let (_store, node, first) = new_log().await;
    let second = open(&node).await;
    for id in 1..=50 {
        let (one, other) = (append(id, Expected::NoStream, &[id]), append(id, Expected::NoStream, &[id]));
        let (one, other) = (first.append(one), second.append(other));
        let (one, other) = tokio::join!(one.outcome(), other.outcome());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.position, one.version), (other.position, other.version));
        assert!(one.repeated != other.repeated, "{one:?} {other:?}");
    }
    assert_eq!(whole_log(&first).await.len(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_of_a_stream_is_what_another_instance_wrote_and_the_head_is_there() {
    let (_store, node, first) = new_log().await;
    let second = open(&node).await;
    assert_eq!(first.newest(&case(1)).await.unwrap(), None);
    for version in 0..10_u64 {
        let expected = version.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
        let made = second.append(append(1, expected, &[version.into()].map(|id: u128| id + 1))).outcome().await.unwrap();
        assert_eq!(first.newest(&case(1)).await.unwrap(), Some((version, made.position)));
        assert!(*first.head().borrow() >= made.position);
    }
    let conflict = first.append(append(1, Expected::Exact(3), &[99])).outcome().await;
    assert!(matches!(conflict, Err(AppendError::WrongExpectedVersion { actual: Some(9) })));
}

/// Pages until they are empty, then waits for the head, as every consumer does.
async fn follow(log: Arc<KurrentLog>, count: usize) -> Vec<Recorded> {
    let mut head = log.head();
    let mut seen: Vec<Recorded> = Vec::new();
    while seen.len() < count {
        let after = seen.last().map_or(Position::START, |event| event.position);
        head.mark_unchanged();
        match log.read_all(after, 16).await {
            Ok(page) if page.is_empty() => head.changed().await.unwrap(),
            Ok(page) => seen.extend(page),
            // The server is away: the same page again.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_misses_and_repeats_nothing_while_two_write_others_do_too_and_servers_come_and_go() {
    let (store, mut node, first) = new_log().await;
    let (first, second, third) = (Arc::new(first), Arc::new(open(&node).await), Arc::new(open(&node).await));
    let follower = tokio::spawn(follow(Arc::clone(&third), 600));
    let writers: Vec<_> = [(Arc::clone(&first), 0), (Arc::clone(&second), 1)]
        .into_iter()
        .flat_map(|(log, instance)| (0..6_u128).map(move |lane| (Arc::clone(&log), instance * 6 + lane)))
        .map(|(log, writer)| {
            tokio::spawn(async move {
                for number in 0..25_u128 {
                    let key = 1 + writer * 100 + number;
                    while log.append(append(key, Expected::NoStream, &[key * 2, key * 2 + 1])).outcome().await.is_err() {}
                }
            })
        })
        .collect();
    for _ in 0..4 {
        let asked = store.appends_asked() + 40;
        common::until(|| store.appends_asked() >= asked).await;
        store.append_foreign("$stats-127.0.0.1:2113");
        store.next_appends([Fault::CutAfter, Fault::CutBefore]);
        node.restart().await.unwrap();
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let seen = follower.await.unwrap();
    assert_eq!(seen, whole_log(&*first).await);
    assert_eq!(seen.len(), 600);
    for log in [&first, &second, &third] {
        let last = seen.last().unwrap().position;
        log.head().wait_for(|head| *head >= last).await.unwrap();
        assert!(log.failure().borrow().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_recorded_by_one_process_never_decreases_however_many_appends_are_under_way() {
    let (_store, _node, log) = new_log().await;
    let log = Arc::new(log);
    let writers: Vec<_> = (0..64_u128)
        .map(|writer| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for number in 0..12 {
                    let id = 1 + writer * 100 + number;
                    log.append(append(id, Expected::NoStream, &[id])).outcome().await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let times: Vec<_> = whole_log(&*log).await.iter().map(|event| event.recorded_at).collect();
    assert_eq!(times.len(), 768);
    assert!(times.is_sorted());
    assert!(times.first() < times.last());
}

/// Tests of the whole service start the stand-in so: it answers while their own thread waits for a process.
#[tokio::test]
async fn a_server_on_threads_of_its_own_serves_a_runtime_that_stands_still() {
    let store = Store::new();
    let server = Apart::start(&store, 0).unwrap();
    let url = server.url();
    let other = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let log = KurrentLog::open(&url, common::options()).await.unwrap();
            log.append(append(1, Expected::NoStream, &[1])).outcome().await.unwrap().version
        })
    });
    assert_eq!(other.join().unwrap(), 0);
    assert!(std::net::TcpStream::connect(server.address()).is_ok());
    let address = server.address();
    drop(server);
    common::until(|| std::net::TcpStream::connect(address).is_err()).await;
}
