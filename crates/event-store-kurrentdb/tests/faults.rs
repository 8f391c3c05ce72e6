//! What goes wrong between us and the server: every append is made once, and its answer is true.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{append, event, ids, new_log, open, options, until, whole_log, whole_stream};
use event_store::{Append, AppendError, Appended, EventStore, Expected, Position};
use event_store_kurrentdb::{KurrentLog, Options};
use eventstore_double::{Fault, Node, Store};

async fn made(log: &KurrentLog, append: Append) -> Appended {
    log.append(append).outcome().await.unwrap()
}

/// Ids of the events of ours, in the order of the server's log.
fn stored(store: &Store) -> Vec<u128> {
    store.events().iter().filter(|event| event.stream.starts_with("case-")).map(|event| event.id.as_u128()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_is_made_once_whatever_becomes_of_its_first_requests() {
    for faults in [
        vec![Fault::CutBefore],
        vec![Fault::CutAfter],
        vec![Fault::Busy],
        vec![Fault::TimedOut],
        vec![Fault::Silent],
        vec![Fault::Busy, Fault::CutBefore, Fault::CutAfter, Fault::TimedOut, Fault::CutAfter],
    ] {
        let (store, _node, log) = new_log().await;
        made(&log, append(1, Expected::NoStream, &[1])).await;
        store.next_appends(faults.clone());
        let second = made(&log, append(1, Expected::Exact(0), &[2, 3])).await;
        assert!(store.faults_are_used_up());
        assert_eq!((second.version, second.repeated), (2, false), "{faults:?}");
        assert_eq!(stored(&store), vec![1, 2, 3], "{faults:?}");
        let events = whole_log(&log).await;
        assert_eq!(events.last().unwrap().position, second.position);
        let again = made(&log, append(1, Expected::Exact(0), &[2, 3])).await;
        assert_eq!(again, Appended { repeated: true, ..second });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_is_told_although_the_connection_was_cut() {
    let (store, _node, log) = new_log().await;
    made(&log, append(1, Expected::NoStream, &[1])).await;
    for fault in [Fault::CutBefore, Fault::CutAfter] {
        store.next_appends([fault]);
        let conflict = log.append(append(1, Expected::NoStream, &[9])).outcome().await;
        assert!(matches!(conflict, Err(AppendError::WrongExpectedVersion { actual: Some(0) })), "{conflict:?}");
        store.next_appends([fault]);
        let partly = log.append(append(1, Expected::NoStream, &[1, 9])).outcome().await;
        assert!(matches!(partly, Err(AppendError::PartlyRepeated)), "{partly:?}");
    }
    assert_eq!(stored(&store), vec![1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_the_server_carries_out_late_changes_nothing() {
    let (store, _node, log) = new_log().await;
    store.next_appends([Fault::Late, Fault::None]);
    let first = made(&log, append(1, Expected::NoStream, &[1])).await;
    assert!(!first.repeated);
    made(&log, append(1, Expected::Exact(0), &[2])).await;
    store.release();
    made(&log, append(1, Expected::Exact(1), &[3])).await;
    assert_eq!(stored(&store), vec![1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_without_an_answer_is_unknown_at_the_deadline_and_told_when_asked_again() {
    let (store, node, _log) = new_log().await;
    let log = KurrentLog::open(&node.url(), Options { append_deadline: Duration::from_millis(900), ..options() }).await.unwrap();
    store.hold_answers();
    let ticket = log.append(append(1, Expected::NoStream, &[1]));
    let gate = ticket.gate();
    let after = log.append(Append { after: Some(gate), ..append(2, Expected::NoStream, &[2]) });
    let unknown = ticket.outcome().await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown(_))), "{unknown:?}");
    assert!(matches!(after.outcome().await, Err(AppendError::PrerequisiteFailed)));
    store.release();
    let again = made(&log, append(1, Expected::NoStream, &[1])).await;
    assert_eq!((again.version, again.repeated), (0, true));
    assert_eq!(stored(&store), vec![1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_the_server_keeps_does_not_hold_up_other_streams() {
    let (store, _node, log) = new_log().await;
    store.next_appends([Fault::Silent]);
    let kept = log.append(append(1, Expected::NoStream, &[1]));
    until(|| store.appends_asked() == 2).await;
    for number in 2..20 {
        let other = tokio::time::timeout(Duration::from_secs(2), log.append(append(number, Expected::NoStream, &[number])).outcome()).await;
        assert!(other.unwrap().is_ok());
    }
    assert!(!kept.outcome().await.unwrap().repeated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_was_written_when_no_server_can_be_reached_and_all_goes_on_when_it_is_back() {
    let (store, mut node, _log) = new_log().await;
    let quick = Options { append_deadline: Duration::from_secs(2), read_deadline: Duration::from_millis(500), ..options() };
    let log = KurrentLog::open(&node.url(), quick).await.unwrap();
    made(&log, append(1, Expected::NoStream, &[1])).await;
    node.stop().await;
    // The first may have been on its way over the connection that broke; for those after it there is none.
    let first = log.append(append(1, Expected::Exact(0), &[2])).outcome().await;
    assert!(matches!(first, Err(AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_))), "{first:?}");
    let refused = log.append(append(1, Expected::Exact(0), &[2])).outcome().await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    assert!(log.read_all(Position::START, 10).await.is_err());
    assert!(log.newest(&common::case(1)).await.is_err());
    node.restart().await.unwrap();
    assert_eq!(made(&log, append(1, Expected::Exact(0), &[2])).await.version, 1);
    assert_eq!(ids(&whole_log(&log).await), vec![1, 2]);
    assert_eq!(stored(&store), vec![1, 2]);
    assert!(log.failure().borrow().is_none(), "a server that was away is no damage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_is_sent_on_to_the_leader() {
    let store = Store::new();
    let (leader, follower) = (Node::start(&store, 0).await.unwrap(), Node::start(&store, 0).await.unwrap());
    let log = open(&follower).await;
    made(&log, append(1, Expected::NoStream, &[1])).await;
    for (number, node) in (0_u64..).zip([&follower, &leader, &follower, &leader]) {
        store.lead(node.address());
        let made = made(&log, append(1, Expected::Exact(number), &[u128::from(number) + 2])).await;
        assert_eq!((made.version, made.repeated), (number + 1, false));
    }
    assert_eq!(ids(&whole_stream(&log, 1).await), vec![1, 2, 3, 4, 5]);
}

/// Appends on forty streams while something happens to the cluster: each stream holds its events once and in order, and whoever was told
/// that an append was made finds it where it was told.
async fn under_load(log: Arc<KurrentLog>, store: &Store, happens: impl AsyncFnOnce()) {
    let writers: Vec<_> = (1..=40_u128)
        .map(|stream| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for version in 0..15_u64 {
                    let id = stream * 1000 + u128::from(version);
                    let expected = version.checked_sub(1).map_or(Expected::NoStream, Expected::Exact);
                    loop {
                        match log.append(append(stream, expected, &[id])).outcome().await {
                            Ok(made) => break answers.push((made.position, id)),
                            Err(AppendError::OutcomeUnknown(_) | AppendError::Unavailable(_)) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
                answers
            })
        })
        .collect();
    let halfway = store.appends_asked() + 150;
    until(|| store.appends_asked() >= halfway).await;
    happens().await;
    let mut answers = Vec::new();
    for writer in writers {
        answers.extend(writer.await.unwrap());
    }
    let events = whole_log(&*log).await;
    assert_eq!(events.len(), 600);
    answers.sort_unstable();
    assert_eq!(answers, events.iter().map(|event| (event.position, event.id.as_u128())).collect::<Vec<_>>());
    for stream in 1..=40 {
        assert_eq!(ids(&whole_stream(&*log, stream).await), (0..15).map(|version| stream * 1000 + version).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_under_load_loses_and_repeats_nothing() {
    let (store, mut node, log) = new_log().await;
    under_load(Arc::new(log), &store, async || {
        for _ in 0..3 {
            node.restart().await.unwrap();
            let asked = store.appends_asked() + 20;
            until(|| store.appends_asked() >= asked).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_dies_under_load_is_followed_by_the_next() {
    let store = Store::new();
    let (mut first, second) = (Node::start(&store, 0).await.unwrap(), Node::start(&store, 0).await.unwrap());
    let address = format!("esdb://{},{}?tls=false", first.address(), second.address());
    let log = Arc::new(KurrentLog::open(&address, options()).await.unwrap());
    under_load(log, &store, async || {
        first.stop().await;
        store.lead(second.address());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_under_load_are_made_anew() {
    let (store, _node, log) = new_log().await;
    let faults = (0..200).map(|number| match number % 9 {
        0 => Fault::CutAfter,
        3 => Fault::CutBefore,
        5 => Fault::Busy,
        7 => Fault::TimedOut,
        _ => Fault::None,
    });
    store.next_appends(faults);
    under_load(Arc::new(log), &store, async || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_larger_than_the_server_takes_is_refused_for_good() {
    let (store, _node, log) = new_log().await;
    let events = (1..=20).map(|id| event(id, vec![0xA5; 60_000])).collect();
    let refused = log.append(Append { events, ..append(1, Expected::NoStream, &[]) }).outcome().await;
    assert!(matches!(refused, Err(AppendError::Malformed(_))), "{refused:?}");
    assert!(stored(&store).is_empty());
    made(&log, append(1, Expected::NoStream, &[1])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_bounded() {
    let (store, node, _log) = new_log().await;
    let log = KurrentLog::open(&node.url(), Options { queue_appends: 3, queue_bytes: 100, in_flight: 1, ..options() }).await.unwrap();
    store.hold_answers();
    let tickets: Vec<_> = (1..=5).map(|id| log.append(append(id, Expected::NoStream, &[id]))).collect();
    let large = log.append(Append { events: vec![event(9, vec![0; 101])], ..append(9, Expected::NoStream, &[]) }).outcome().await;
    assert!(matches!(large, Err(AppendError::Unavailable(_))));
    store.release();
    let mut outcomes = Vec::new();
    for ticket in tickets {
        outcomes.push(ticket.outcome().await);
    }
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(_) | Err(AppendError::Unavailable(_)))), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_waits_for_what_is_queued_and_takes_no_more() {
    let (store, _node, log) = new_log().await;
    let tickets: Vec<_> = (1..=50).map(|id| log.append(append(id, Expected::NoStream, &[id]))).collect();
    log.close().await;
    let refused = log.append(append(99, Expected::NoStream, &[99])).outcome().await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))));
    assert_eq!(stored(&store).len(), 50);
    for ticket in tickets {
        assert!(ticket.outcome().await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_or_too_old_or_an_address_that_is_none_is_told_when_opening() {
    let mut node = Node::start(&Store::new(), 0).await.unwrap();
    node.stop().await;
    let quick = Options { read_deadline: Duration::from_millis(300), ..options() };
    let away = KurrentLog::open(&node.url(), quick.clone()).await;
    assert!(matches!(away, Err(event_store_kurrentdb::OpenError::Unreachable(_))), "{away:?}");
    let store = Store::new();
    let node = Node::start(&store, 0).await.unwrap();
    store.grow_old();
    let old = KurrentLog::open(&node.url(), quick.clone()).await;
    assert!(matches!(old, Err(event_store_kurrentdb::OpenError::TooOld)), "{old:?}");
    for address in ["postgres://somewhere", "esdb://", "esdb://host?tls=perhaps", "nothing"] {
        let refused = KurrentLog::open(address, quick.clone()).await;
        assert!(matches!(refused, Err(event_store_kurrentdb::OpenError::Address(_))), "{address}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_never_answered_is_told_and_the_next_one_is_made_over_a_new_connection() {
    let (store, node, _log) = new_log().await;
    let quick = Options { attempt: Duration::from_millis(200), read_deadline: Duration::from_millis(500), ..options() };
    let log = KurrentLog::open(&node.url(), quick).await.unwrap();
    made(&log, append(1, Expected::NoStream, &[1])).await;
    store.hold_reads();
    assert!(log.read_all(Position::START, 10).await.is_err());
    assert!(log.read_stream(&common::case(1), 0, event_store::Direction::Forwards, 10).await.is_err());
    // Made, but not read back yet: it is answered when it is.
    let waiting = log.append(append(1, Expected::Exact(0), &[2]));
    until(|| store.events().len() == 3).await;
    store.release();
    assert_eq!(waiting.outcome().await.unwrap().version, 1);
    assert_eq!(ids(&whole_stream(&log, 1).await), vec![1, 2]);
}
