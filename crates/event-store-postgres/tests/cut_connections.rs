//! Connections are cut at the worst moments: each append is made once, and its answer is the truth.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{SOON, append, ask, case, ids, is_whole, open, open_with, options, whole_log};
use event_store::{AppendError, Appended, Direction, EventStore, Expected, Position};
use event_store_postgres::{Options, PostgresLog};
use test_support::eventually;
use test_support::servers::{AtRequest, TcpProxy, TestDatabase};

/// A database, a proxy before it, and how to reach it through that.
fn behind_a_proxy() -> (TestDatabase, TcpProxy, String) {
    let database = TestDatabase::create();
    let url = database.url();
    let address = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let proxy = TcpProxy::before(address.parse().unwrap());
    let through = url.replace(&address, &proxy.address().to_string());
    (database, proxy, through)
}

/// Appends a few, with the fault at the one whose bytes are named, and gives back what was answered.
async fn with_fault(what: AtRequest) -> (TestDatabase, TcpProxy, Arc<PostgresLog>, Vec<Result<Appended, AppendError>>) {
    let (database, proxy, url) = behind_a_proxy();
    let log = open(&url).await;
    ask(&log, append(1, Expected::NoStream, &[10, 11])).await.unwrap();
    ask(&log, append(2, Expected::NoStream, &[20])).await.unwrap();
    proxy.at_request(b"data 12", what);
    let tickets = [
        log.append(append(1, Expected::Exact(1), &[12, 13])),
        log.append(append(1, Expected::Exact(1), &[14])),
        log.append(append(1, Expected::Exact(3), &[15])),
        log.append(append(1, Expected::NoStream, &[10, 11])),
        log.append(append(1, Expected::Exact(1), &[12, 13])),
        log.append(append(3, Expected::NoStream, &[30])),
        log.append(append(3, Expected::Exact(5), &[31])),
    ];
    let mut outcomes = Vec::new();
    for ticket in tickets {
        outcomes.push(ticket.outcome().await);
    }
    assert_eq!(proxy.happened(), 1);
    (database, proxy, log, outcomes)
}

fn are_the_truth(outcomes: &[Result<Appended, AppendError>]) {
    let made =
        |outcome: &Result<Appended, AppendError>| outcome.as_ref().map(|made| (made.position.0, made.version, made.repeated)).unwrap();
    assert_eq!(made(&outcomes[0]), (5, 3, false), "made by this call, whichever attempt it was");
    assert!(matches!(outcomes[1], Err(AppendError::WrongExpectedVersion { .. })), "{:?}", outcomes[1]);
    assert_eq!(made(&outcomes[2]), (6, 4, false));
    assert_eq!(made(&outcomes[3]), (2, 1, true));
    assert_eq!(made(&outcomes[4]).0, 5);
    assert_eq!(made(&outcomes[5]), (7, 0, false));
    assert!(matches!(outcomes[6], Err(AppendError::WrongExpectedVersion { actual: Some(0) })), "{:?}", outcomes[6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_before_the_transaction_arrives_costs_nothing_but_time() {
    let (_database, _proxy, log, outcomes) = with_fault(AtRequest::CutBefore).await;
    are_the_truth(&outcomes);
    assert_eq!(ids(&whole_log(&log).await), vec![10, 11, 20, 12, 13, 15, 30]);
    is_whole(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_after_the_commit_is_answered_as_if_nothing_had_been() {
    let (_database, _proxy, log, outcomes) = with_fault(AtRequest::CutAfter).await;
    are_the_truth(&outcomes);
    assert_eq!(ids(&whole_log(&log).await), vec![10, 11, 20, 12, 13, 15, 30]);
    is_whole(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_arrives_after_it_was_looked_for_is_not_made() {
    let (_database, proxy, log, outcomes) = with_fault(AtRequest::Keep).await;
    are_the_truth(&outcomes);
    assert_eq!(proxy.deliver(), 1);
    // The late one was served by the time that this is.
    for number in 100..110 {
        ask(&log, append(number, Expected::NoStream, &[number])).await.unwrap();
    }
    assert_eq!(whole_log(&log).await.len(), 17);
    is_whole(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_given_up_is_shut_out_even_if_it_arrives_later() {
    let (database, proxy, url) = behind_a_proxy();
    let log = open_with(&url, Options { patience: Duration::from_millis(300), ..options() }).await;
    ask(&log, append(1, Expected::NoStream, &[10])).await.unwrap();
    proxy.at_request(b"data 11", AtRequest::Keep);
    proxy.refuse_new();
    let unknown = ask(&log, append(1, Expected::Exact(0), &[11])).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown(_))), "{unknown:?}");
    let unsent = ask(&log, append(2, Expected::NoStream, &[20])).await;
    assert!(matches!(unsent, Err(AppendError::Unavailable(_))), "{unsent:?}");
    proxy.accept();
    // The first append that is answered has shut it out, though it took none of its places.
    let made = eventually("the log to heal", SOON, async || ask(&log, append(2, Expected::NoStream, &[20])).await.ok()).await;
    assert_eq!(made.position, Position(2));
    assert_eq!(proxy.deliver(), 1);
    eventually("the late one to be served", SOON, async || {
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()";
        let late = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%moved%' AND state = 'idle'";
        (database.sql(others) == "0" && database.sql(late) == "2").then_some(())
    })
    .await;
    assert_eq!(ids(&whole_log(&log).await), vec![10, 20]);
    ask(&log, append(1, Expected::Exact(0), &[12])).await.unwrap();
    let refused = ask(&log, append(1, Expected::Exact(0), &[11])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(1) })), "{refused:?}");
    is_whole(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_but_not_answered_is_found_when_it_is_asked_for_again() {
    let (_database, proxy, url) = behind_a_proxy();
    let log = open_with(&url, Options { patience: Duration::from_millis(300), ..options() }).await;
    ask(&log, append(1, Expected::NoStream, &[10])).await.unwrap();
    proxy.at_request(b"data 11", AtRequest::CutAfter);
    proxy.refuse_new();
    let unknown = ask(&log, append(1, Expected::Exact(0), &[11])).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown(_))), "{unknown:?}");
    proxy.accept();
    let again = eventually("the log to heal", SOON, async || ask(&log, append(1, Expected::Exact(0), &[11])).await.ok()).await;
    assert_eq!(again, Appended { position: Position(2), version: 1, repeated: true });
    is_whole(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_instance_wrote_meanwhile_is_a_repeat() {
    let (database, proxy, url) = behind_a_proxy();
    let (log, other) = (open(&url).await, open(&database.url()).await);
    ask(&log, append(1, Expected::NoStream, &[10])).await.unwrap();
    proxy.at_request(b"data 11", AtRequest::CutBefore);
    proxy.refuse_new();
    let ticket = log.append(append(1, Expected::Exact(0), &[11]));
    eventually("the connection to be cut", SOON, async || (proxy.happened() == 1).then_some(())).await;
    // The same command, asked of another instance, which made something else of it.
    let mut same = append(1, Expected::Exact(0), &[11]);
    same.events[0].data = bytes::Bytes::from_static(b"as the other has it");
    ask(&other, same).await.unwrap();
    proxy.accept();
    assert!(ticket.outcome().await.unwrap().repeated);
    assert_eq!(ids(&whole_log(&log).await), vec![10, 11]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_log_whose_connections_are_all_cut_goes_on_with_the_next_call() {
    let (_database, proxy, url) = behind_a_proxy();
    let log = open(&url).await;
    for number in 0..5 {
        ask(&log, append(number, Expected::NoStream, &[number])).await.unwrap();
        proxy.cut();
        let newest = eventually("it to be readable", SOON, async || log.newest(&case(number)).await.ok()).await;
        assert_eq!(newest.map(|(version, _)| version), Some(0));
        let page = log.read_stream(&case(number), 0, Direction::Forwards, 10).await.unwrap();
        assert_eq!(ids(&page), vec![number]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_cannot_hear_others_looks_and_one_that_was_cut_off_hears_again() {
    let (database, proxy, url) = behind_a_proxy();
    let (far, near) = (open(&url).await, open(&database.url()).await);
    for number in 0..4_u128 {
        let made = ask(&near, append(number, Expected::NoStream, &[number])).await.unwrap();
        let mut head = far.head();
        tokio::time::timeout(SOON, head.wait_for(|head| *head >= made.position)).await.unwrap().unwrap();
        proxy.cut();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_late_is_waited_for() {
    let (_database, proxy, url) = behind_a_proxy();
    let log = open(&url).await;
    ask(&log, append(1, Expected::NoStream, &[10])).await.unwrap();
    proxy.hold();
    let mut late = Box::pin(log.append(append(1, Expected::Exact(0), &[11])).outcome());
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut late).await.is_err(), "no answer before the server's");
    assert_eq!(*log.head().borrow(), Position(1), "nor is it shown");
    proxy.release();
    assert_eq!(late.await.unwrap(), Appended { position: Position(2), version: 1, repeated: false });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_but_not_answered_is_found_also_if_nothing_more_can_be_written() {
    let (database, proxy, url) = behind_a_proxy();
    let log = open(&url).await;
    ask(&log, append(1, Expected::NoStream, &[10])).await.unwrap();
    proxy.at_request(b"data 20", AtRequest::CutAfter);
    proxy.refuse_new();
    let written = [log.append(append(2, Expected::NoStream, &[20])), log.append(append(1, Expected::Exact(0), &[11]))];
    eventually("the connection to be cut", SOON, async || (proxy.happened() == 1).then_some(())).await;
    eventually("it to be written", SOON, async || {
        let found = database.sql("SELECT count(*) FROM gatehouse_log.events WHERE convert_from(data, 'UTF8') = 'data 20'");
        (found == "1").then_some(())
    })
    .await;
    database.sql(
        "SET search_path = gatehouse_log;
         CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER no_room BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION be_full()",
    );
    proxy.accept();
    let [first, second] = written;
    let first = first.outcome().await.unwrap();
    assert_eq!((first.version, first.repeated), (0, false));
    // It may have been in the same batch.
    let second = second.outcome().await;
    let stored = ids(&whole_log(&log).await);
    match second {
        Ok(made) => assert_eq!((stored, made.version), (vec![10, 20, 11], 1)),
        Err(AppendError::Unavailable(_)) => assert_eq!(stored, vec![10, 20]),
        Err(other) => panic!("nobody else writes: {other}"),
    }
}
