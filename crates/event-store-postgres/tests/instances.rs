//! Several instances on one log: what each may do, and what it sees of the others.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use common::{SOON, append, ask, case, ids, is_whole, open, open_with, options, whole_log};
use event_store::{AppendError, EventStore, Expected, Position};
use event_store_postgres::{ClaimError, OpenError, Options, PostgresLog, Sharing};
use test_support::eventually;
use test_support::servers::TestDatabase;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_must_be_alone_is_refused_beside_others_and_others_beside_it() {
    let database = TestDatabase::create();
    let (one, other) = (open(&database.url()).await, open(&database.url()).await);
    one.claim(Sharing::WithOthers).await.unwrap();
    other.claim(Sharing::WithOthers).await.unwrap();
    let third = open(&database.url()).await;
    let refused = third.claim(Sharing::Alone).await.unwrap_err();
    assert!(matches!(&refused, ClaimError::InUse(server) if server.contains(database.name())), "{refused}");
    one.close().await;
    other.close().await;
    eventually("the others to be gone", SOON, async || third.claim(Sharing::Alone).await.ok()).await;
    let late = open(&database.url()).await;
    assert!(matches!(late.claim(Sharing::WithOthers).await, Err(ClaimError::InUse(_))));
    assert!(matches!(late.claim(Sharing::Alone).await, Err(ClaimError::InUse(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_whose_connection_is_cut_is_taken_again_and_stops_the_log_if_another_was_faster() {
    let database = TestDatabase::create();
    let log = open(&database.url()).await;
    log.claim(Sharing::Alone).await.unwrap();
    let held_by = || {
        database.sql(
            "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = pg_locks.database
              WHERE d.datname = current_database() AND locktype = 'advisory' AND granted AND classid = 1197569125",
        )
    };
    let before = held_by();
    database.sql(&format!("SELECT pg_terminate_backend({before})"));
    eventually("the claim to be taken again", SOON, async || (!held_by().is_empty() && held_by() != before).then_some(())).await;
    assert_eq!(*log.failure().borrow(), None);

    let other = open(&database.url()).await;
    let again = held_by();
    database.sql(&format!("SELECT pg_terminate_backend({again})"));
    eventually("another to be faster", SOON, async || other.claim(Sharing::Alone).await.ok()).await;
    let mut failure = log.failure();
    let reason = failure.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(reason.contains("another instance"), "{reason}");
    assert!(matches!(ask(&log, append(1, Expected::NoStream, &[1])).await, Err(AppendError::Unavailable(_))));
    assert!(ask(&other, append(1, Expected::NoStream, &[1])).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_instance_appends_is_seen_whether_it_tells_or_not() {
    let database = TestDatabase::create();
    let (one, other) = (open(&database.url()).await, open(&database.url()).await);
    for number in 0..20 {
        let (writer, reader) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let made = ask(writer, append(number, Expected::NoStream, &[number])).await.unwrap();
        let mut head = reader.head();
        let seen = *tokio::time::timeout(SOON, head.wait_for(|head| *head >= made.position)).await.unwrap().unwrap();
        assert!(whole_log(reader).await.last().unwrap().position >= seen, "the head is never ahead of what can be read");
    }
    // Somebody who tells nobody.
    database.sql("INSERT INTO gatehouse_log.events SELECT 21, 1, recorded_at, category, type, key, id, metadata, data FROM gatehouse_log.events WHERE position = 1; UPDATE gatehouse_log.head SET position = 21");
    let mut head = one.head();
    tokio::time::timeout(SOON, head.wait_for(|head| *head == Position(21))).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_instance_remembers_and_another_has_overtaken_decides_nothing() {
    let database = TestDatabase::create();
    let (one, other) = (open(&database.url()).await, open(&database.url()).await);
    ask(&one, append(1, Expected::NoStream, &[1])).await.unwrap();
    ask(&other, append(1, Expected::Exact(0), &[2])).await.unwrap();
    // It remembers version 0: the right append is accepted, the wrong one refused with the truth, the repeat known again.
    let refused = ask(&one, append(1, Expected::Exact(0), &[3])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(1) })), "{refused:?}");
    ask(&other, append(1, Expected::Exact(1), &[4])).await.unwrap();
    assert_eq!(ask(&one, append(1, Expected::Exact(2), &[5])).await.unwrap().version, 3);
    assert!(ask(&other, append(1, Expected::Exact(2), &[5])).await.unwrap().repeated);
    // New to one, there for the other.
    ask(&other, append(2, Expected::NoStream, &[6])).await.unwrap();
    let refused = ask(&one, append(2, Expected::NoStream, &[7])).await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: Some(0) })), "{refused:?}");
    assert!(ask(&one, append(2, Expected::NoStream, &[6])).await.unwrap().repeated);
    assert_eq!(ids(&whole_log(&one).await), vec![1, 2, 4, 5, 6]);
    is_whole(&one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_overtaken_in_the_middle_of_a_batch_gives_each_append_its_own_answer() {
    let database = TestDatabase::create();
    let (one, other) = (open(&database.url()).await, open(&database.url()).await);
    for key in 0..30 {
        ask(&one, append(key, Expected::NoStream, &[key])).await.unwrap();
    }
    for key in (0..30).step_by(3) {
        ask(&other, append(key, Expected::Exact(0), &[100 + key])).await.unwrap();
    }
    let tickets: Vec<_> = (0..30).map(|key| one.append(append(key, Expected::Exact(0), &[200 + key]))).collect();
    let last: Vec<_> = (0..30).map(|key| one.append(append(key, Expected::Exact(1), &[300 + key]))).collect();
    for (key, (ticket, last)) in tickets.into_iter().zip(last).enumerate() {
        assert_eq!(ticket.outcome().await.is_ok(), key % 3 != 0);
        assert!(last.outcome().await.is_ok(), "whoever wrote version 1, version 2 is next");
    }
    assert_eq!(whole_log(&one).await.len(), 30 + 10 + 20 + 30);
    is_whole(&one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_paused_within_a_transaction_does_not_hold_up_others_for_long() {
    let database = TestDatabase::create();
    let log = open(&database.url()).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    // As a writer does it that has taken the row of the head and is stopped there by SIGSTOP.
    let schema = database.url().parse::<postgres_schema::Server>().unwrap();
    let schema = schema.schema("paused", &[], postgres_schema::Limits::default()).await.unwrap();
    let options = schema.options().clone().options([("idle_in_transaction_session_timeout", "2000")]);
    let mut paused = <sqlx::PgConnection as sqlx::Connection>::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT * FROM gatehouse_log.head FOR UPDATE").execute(&mut paused).await.unwrap();
    let made = tokio::time::timeout(SOON / 4, ask(&log, append(2, Expected::NoStream, &[2]))).await.unwrap();
    assert_eq!(made.unwrap().position, Position(2));
    assert!(sqlx::raw_sql("COMMIT").execute(&mut paused).await.is_err(), "the server has ended it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_questions_for_the_newest_event_are_answered_with_what_any_instance_wrote() {
    let database = TestDatabase::create();
    let (one, other) = (open(&database.url()).await, open_with(&database.url(), Options { readers: 1, ..options() }).await);
    assert!(one.is_shared());
    assert_eq!(other.newest(&case(1)).await.unwrap(), None);
    let mut wanted = Vec::new();
    for key in 0..100 {
        let made = ask(&one, append(key, Expected::NoStream, &[key, 1000 + key])).await.unwrap();
        wanted.push((made.version, made.position));
    }
    let questions: Vec<_> = (0..120)
        .map(|key| {
            let other = other.clone();
            tokio::spawn(async move {
                let newest = other.newest(&case(key)).await.unwrap();
                assert!(newest.is_none_or(|(_, position)| *other.head().borrow() >= position), "the head is not behind");
                newest
            })
        })
        .collect();
    for (key, question) in questions.into_iter().enumerate() {
        assert_eq!(question.await.unwrap(), wanted.get(key).copied());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_epoch_is_refused_while_an_instance_runs_and_stops_one_that_runs_all_the_same() {
    let database = TestDatabase::create();
    let server = database.url().parse().unwrap();
    let log = open(&database.url()).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    log.claim(Sharing::WithOthers).await.unwrap();
    assert!(matches!(PostgresLog::start_new_epoch(&server).await, Err(OpenError::InUse(_))));
    let earlier = log.epoch();
    log.close().await;
    let unclaimed = open(&database.url()).await;
    let epoch = eventually("the log to be free", SOON, async || PostgresLog::start_new_epoch(&server).await.ok()).await;
    assert_ne!(epoch, earlier);
    assert!(ask(&unclaimed, append(2, Expected::NoStream, &[2])).await.is_err());
    let mut failure = unclaimed.failure();
    let reason = failure.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(reason.contains("epoch"), "{reason}");
    let log = open(&database.url()).await;
    assert_eq!((log.epoch(), ids(&whole_log(&log).await)), (epoch, vec![1]));
}
