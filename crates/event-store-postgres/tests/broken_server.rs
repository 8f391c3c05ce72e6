//! The server is killed, stopped, full, or replaced by one that has lost its tail: nothing acknowledged is lost, nothing is there twice, and
//! history never forks.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::load::{Follower, Load};
use common::{SOON, append, ask, ids, is_whole, open, open_with, options, whole_log};
use event_store::{Append, AppendError, EventStore, Expected, Position};
use event_store_postgres::{Options, PostgresLog};
use test_support::eventually;
use test_support::servers::{PostgresServer, TcpProxy, TestDatabase};

const CLIENTS: u128 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_server_is_killed_under_load() {
    let mut server = PostgresServer::start();
    let database = server.database();
    let url = database.url();
    let (one, other, reader) = (open(&url).await, open(&url).await, open(&url).await);
    let follower = Follower::of(Arc::clone(&reader));
    let load = Load::start(&[Arc::clone(&one), other], CLIENTS);
    for round in 0..5_u64 {
        load.goes_on(1 + 97 * round).await;
        tokio::task::block_in_place(|| {
            if round % 2 == 0 {
                server.crash()
            } else {
                server.stop("immediate")
            }
            server.restart();
        });
    }
    load.goes_on(300).await;
    load.ends_well(&one, follower).await;
    assert_eq!(*one.failure().borrow(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_waiting_when_the_server_is_stopped_is_made_when_it_is_back() {
    let mut server = PostgresServer::start();
    let database = server.database();
    let url = database.url();
    let log = open(&url).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    tokio::task::block_in_place(|| server.stop("fast"));
    let waiting = log.append(append(1, Expected::Exact(0), &[2]));
    tokio::task::block_in_place(|| server.restart());
    assert_eq!(waiting.outcome().await.unwrap().position, Position(2));
    is_whole(&log).await;
}

/// A log that has seen five events, on a database that then has the first three of them, after these changes to it.
async fn with_a_lost_tail(changes: &str) -> (PostgresServer, TestDatabase, TcpProxy, Arc<PostgresLog>) {
    let mut server = PostgresServer::start();
    let database = server.database();
    let proxy = TcpProxy::before(server.address());
    let log = open(&database.url().replace(&server.address().to_string(), &proxy.address().to_string())).await;
    ask(&log, append(1, Expected::NoStream, &[1, 2, 3])).await.unwrap();
    let saved = tokio::task::block_in_place(|| {
        server.stop("fast");
        let saved = server.save_data();
        server.restart();
        saved
    });
    eventually("the log to heal", SOON, async || ask(&log, append(2, Expected::NoStream, &[4, 5])).await.ok()).await;
    tokio::task::block_in_place(|| {
        proxy.refuse();
        server.stop("immediate");
        server.put_back(&saved);
        server.restart();
        database.sql(changes);
        proxy.accept();
    });
    (server, database, proxy, log)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_database_has_lost_its_tail_stops_instead_of_writing_another() {
    let (_server, database, _proxy, log) = with_a_lost_tail("").await;
    // It was sent to a server that is no more: nobody can tell.
    assert!(ask(&log, append(3, Expected::NoStream, &[6])).await.is_err());
    let mut failure = log.failure();
    let reason = failure.wait_for(Option::is_some).await.unwrap().clone().unwrap();
    assert!(reason.contains("lost its tail"), "{reason}");
    let refused = ask(&log, append(3, Expected::NoStream, &[7])).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    assert_eq!(*log.head().borrow(), Position(5), "what was shown is not taken back");
    // One that starts anew tells where the log ends now: whoever has a place beyond it knows.
    let anew = open(&database.url()).await;
    assert_eq!((*anew.head().borrow(), ids(&whole_log(&anew).await)), (Position(3), vec![1, 2, 3]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_lost_tail_another_has_filled_differently_stops_too() {
    let fill = "INSERT INTO gatehouse_log.events SELECT 3 + n, 2 + n, recorded_at, category, type, key, gen_random_uuid(), metadata, data
                  FROM gatehouse_log.events, generate_series(1, 9) n WHERE position = 1;
                UPDATE gatehouse_log.head SET position = 12";
    let (_server, _database, _proxy, log) = with_a_lost_tail(fill).await;
    let mut failure = log.failure();
    let reason = tokio::time::timeout(SOON, failure.wait_for(Option::is_some)).await.unwrap().unwrap().clone().unwrap();
    assert!(reason.contains("not the one that was there"), "{reason}");
    assert!(ask(&log, append(3, Expected::NoStream, &[6])).await.is_err());
}

/// Makes inserts of events wait, right before their commit, for the lock of the number that their stream has for a key.
const WAIT_BEFORE_COMMIT: &str = "
SET search_path = gatehouse_log;
CREATE FUNCTION wait_for_release() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7, ('x' || right(NEW.key::text, 8))::bit(32)::int);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER wait_before_commit AFTER INSERT ON events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_release()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_miss_nothing_of_eight_writers_that_are_held_before_their_commit_and_released_in_any_order() {
    let database = TestDatabase::create();
    let url = database.url();
    let reader = open(&url).await;
    let follower = Follower::of(Arc::clone(&reader));
    ask(&reader, append(100, Expected::NoStream, &[100])).await.unwrap();
    database.sql(WAIT_BEFORE_COMMIT);
    let holder = url.parse::<postgres_schema::Server>().unwrap();
    let holder = holder.schema("holder", &[], postgres_schema::Limits::default()).await.unwrap();
    let mut holder = holder.pool().acquire().await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_lock(7, n) FROM generate_series(1, 8) n").execute(&mut *holder).await.unwrap();
    let mut writers = Vec::new();
    for number in 1..=8 {
        let log = open(&url).await;
        let ticket = log.append(append(number, Expected::NoStream, &[number, 10 + number]));
        writers.push((log, ticket));
    }
    // One waits before its commit, and all others for it: no number is given out before its place is certain.
    let waiting = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND datname = current_database()";
    eventually("all to wait", SOON, async || (database.sql(waiting) == "8").then_some(())).await;
    assert_eq!(ids(&whole_log(&reader).await), vec![100]);
    for number in [5, 2, 8, 1, 7, 3, 6, 4] {
        sqlx::query("SELECT pg_advisory_unlock(7, $1)").bind(number).execute(&mut *holder).await.unwrap();
    }
    let mut positions = Vec::new();
    for (_, ticket) in writers {
        positions.push(ticket.outcome().await.unwrap().position.0);
    }
    positions.sort_unstable();
    assert_eq!(positions, (1..=8).map(|number| 1 + 2 * number).collect::<Vec<_>>());
    let events = whole_log(&reader).await;
    follower.has_seen(&events).await;
    is_whole(&reader).await;
}

/// Makes inserts of events fail as they do on a full disk. A small disk of one's own takes rights that tests do not have.
const FULL: &str = "
SET search_path = gatehouse_log;
CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER no_room BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION be_full()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_what_is_asked_for_and_service_goes_on_when_there_is_room() {
    let database = TestDatabase::create();
    let log = open(&database.url()).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    database.sql(FULL);
    for number in 2..5 {
        let refused = ask(&log, append(number, Expected::NoStream, &[number])).await;
        assert!(matches!(&refused, Err(AppendError::Unavailable(why)) if why.contains("No space left")), "{refused:?}");
    }
    assert!(ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap().repeated, "what is there is still told");
    database.sql("DROP TRIGGER no_room ON gatehouse_log.events");
    assert_eq!(ask(&log, append(2, Expected::NoStream, &[2])).await.unwrap().position, Position(2));
    is_whole(&log).await;
}

/// Makes an insert into the stream of key 2 fail.
const NO_ROOM_FOR_2: &str = "
SET search_path = gatehouse_log;
CREATE FUNCTION be_full_for_2() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF right(NEW.key::text, 4) = '0002' THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_room_for_2 BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION be_full_for_2()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_depends_on_an_append_of_an_earlier_batch_that_could_not_be_written_is_not_written_either() {
    let database = TestDatabase::create();
    let log = open_with(&database.url(), Options { batch_appends: 1, ..options() }).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    database.sql(NO_ROOM_FOR_2);
    for round in 0..20 {
        let first = log.append(append(2, Expected::NoStream, &[2]));
        let second = log.append(Append { after: Some(first.gate()), ..append(100 + round, Expected::NoStream, &[100 + round]) });
        assert!(matches!(first.outcome().await, Err(AppendError::Unavailable(_))));
        assert!(matches!(second.outcome().await, Err(AppendError::PrerequisiteFailed)));
    }
    assert_eq!(ids(&whole_log(&log).await), vec![1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_writes_refuses_and_service_goes_on_when_it_does() {
    let database = TestDatabase::create();
    let log = open_with(&database.url(), Options { patience: Duration::from_millis(300), ..options() }).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    let kick = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name()));
    database.sql(kick);
    assert!(ask(&log, append(2, Expected::NoStream, &[2])).await.is_err(), "sent over a connection that was cut");
    let refused = ask(&log, append(3, Expected::NoStream, &[3])).await;
    assert!(matches!(&refused, Err(AppendError::Unavailable(why)) if why.contains("read-only")), "{refused:?}");
    assert_eq!(ids(&whole_log(&log).await), vec![1]);
    database.sql(&format!("SET TRANSACTION READ WRITE; ALTER DATABASE {} RESET default_transaction_read_only", database.name()));
    database.sql(kick);
    let made = eventually("the log to heal", SOON, async || ask(&log, append(2, Expected::NoStream, &[2])).await.ok()).await;
    assert_eq!(made.position, Position(2));
}
