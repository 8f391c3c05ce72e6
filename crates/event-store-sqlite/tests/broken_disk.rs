//! Disk full, queue full, and a disk that reports errors.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use std::process::Command;

use common::{append, case, event, ids, log_of_child, open, options, this_test_again, whole_log};
use event_store::{Append, AppendError, EventStore, Expected, GateState};
use event_store_sqlite::{Options, SqliteLog};

fn large(key: u128) -> Append {
    Append { events: vec![event(key, vec![7; 50_000])], ..append(key, Expected::NoStream, &[]) }
}

#[tokio::test]
async fn a_full_disk_is_answered_unavailable_and_the_log_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path().join("log.db"), Options { max_pages: Some(64), ..options() }).unwrap();
    let mut made = Vec::new();
    let full = loop {
        let key = u128::try_from(made.len()).unwrap();
        match log.append(large(key)).outcome().await {
            Ok(_) => made.push(key),
            Err(error) => break error,
        }
        assert!(made.len() < 100, "the file has a bound");
    };
    assert!(matches!(&full, AppendError::Unavailable(reason) if reason.contains("full")), "{full:?}");
    assert!(!made.is_empty());
    // What ran ahead of the disk is forgotten: the stream has no event, and the next position has no gap before it.
    let key = u128::try_from(made.len()).unwrap();
    let refused = log.append(append(key, Expected::Exact(0), &[1000])).outcome().await;
    assert!(matches!(refused, Err(AppendError::WrongExpectedVersion { actual: None })), "{refused:?}");
    for number in 0..10 {
        let expected = u64::checked_sub(number, 1).map_or(Expected::NoStream, Expected::Exact);
        let small = log.append(append(key, expected, &[2000 + u128::from(number)])).outcome().await.unwrap();
        assert_eq!(small.version, number);
        made.push(2000 + u128::from(number));
        let full = log.append(large(5000)).outcome().await;
        assert!(matches!(full, Err(AppendError::Unavailable(_))), "{full:?}");
    }
    assert_eq!(ids(&whole_log(&log).await), made);
    assert_eq!(log.check().await.unwrap().problems, Vec::<String>::new());
    assert_eq!(*log.failure().borrow(), None, "a full disk heals: no restart is asked for");
}

#[tokio::test]
async fn all_of_a_batch_that_does_not_fit_is_answered_unavailable_and_what_depends_on_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let log = SqliteLog::open(folder.path().join("log.db"), Options { max_pages: Some(40), ..options() }).unwrap();
    // One append of several events that does not fit, though its first event would.
    let events = (0..10).map(|id| event(id, vec![7; 50_000])).collect();
    let ticket = log.append(Append { events, ..append(1, Expected::NoStream, &[]) });
    let gate = ticket.gate();
    let dependent = log.append(Append { after: Some(gate.clone()), ..append(2, Expected::NoStream, &[100]) });
    assert!(matches!(ticket.outcome().await, Err(AppendError::Unavailable(_))));
    let dependent = dependent.outcome().await;
    assert!(matches!(dependent, Err(AppendError::Unavailable(_) | AppendError::PrerequisiteFailed)), "{dependent:?}");
    assert_eq!(gate.state(), GateState::Failed);
    assert!(whole_log(&log).await.is_empty());
}

#[tokio::test]
async fn more_than_the_queue_holds_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = SqliteLog::open(&path, Options { queue_bytes: 120_000, ..options() }).unwrap();
    // Somebody else writes to the file, against the rules: the writer waits with at most what the queue held, and the
    // queue fills again.
    let intruder = rusqlite::Connection::open(&path).unwrap();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tickets: Vec<_> = (0..7).map(|key| log.append(large(key))).collect();
    intruder.execute_batch("ROLLBACK").unwrap();
    drop(intruder);
    let mut made = 0;
    for ticket in tickets {
        match ticket.outcome().await {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(&error, AppendError::Unavailable(reason) if reason.contains("waiting")), "{error:?}"),
        }
    }
    assert_eq!(whole_log(&log).await.len(), made);
    assert!((2..=4).contains(&made), "{made} fitted the queue");
    assert!(log.append(large(7)).outcome().await.is_ok());
}

/// Appends until the disk reports an error, and shows what the log says then.
#[tokio::test]
#[ignore = "runs as a child process, whose files may not grow"]
async fn child_that_appends_until_the_disk_fails() {
    let log = log_of_child();
    let mut failure = log.failure();
    let error = loop {
        let newest = log.head().borrow().0;
        match log.append(append(u128::from(newest), Expected::NoStream, &[u128::from(newest)])).outcome().await {
            Ok(made) => println!("made {}", made.position),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, AppendError::OutcomeUnknown(_)), "{error:?}");
    failure.wait_for(Option::is_some).await.unwrap();
    let refused = log.append(append(1_000_000, Expected::NoStream, &[1_000_000])).outcome().await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    println!("failed {}", *log.head().borrow());
}

#[tokio::test]
async fn a_disk_that_fails_stops_the_log_until_a_restart_which_finds_all_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    drop(open(&path));
    // A file that would grow beyond the limit of the process: write(2) fails, and SQLite reports an I/O error.
    let child = this_test_again("child_that_appends_until_the_disk_fails", &path);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let head: usize = told.lines().find_map(|line| line.strip_prefix("failed ")).unwrap().parse().unwrap();
    let made = told.lines().filter(|line| line.contains("made ")).count();
    assert!(head > 0 && head == made, "{told}");
    let log = open(&path);
    let stored = whole_log(&log).await;
    assert!(stored.len() == made || stored.len() == made + 1, "the one of unknown outcome may be there: {} of {made}", stored.len());
    // Asked again, its outcome is known.
    let key = u128::try_from(made).unwrap();
    let again = log.append(append(key, Expected::NoStream, &[key])).outcome().await.unwrap();
    assert_eq!((again.version, again.repeated), (0, stored.len() > made));
    let events = log.read_stream(&case(key), 0, event_store::Direction::Forwards, 10).await.unwrap();
    assert_eq!(ids(&events), vec![key]);
    assert_eq!(log.check().await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_waits_for_ever_when_the_writer_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let clock: event_store::Clock = std::sync::Arc::new(|| panic!("a clock that is broken"));
    let log = SqliteLog::open(&path, Options::new(clock)).unwrap();
    let tickets: Vec<_> = (0..5).map(|key| log.append(append(key, Expected::NoStream, &[key]))).collect();
    for ticket in tickets {
        let outcome = ticket.outcome().await;
        assert!(matches!(outcome, Err(AppendError::OutcomeUnknown(_) | AppendError::Unavailable(_))), "{outcome:?}");
    }
    log.failure().wait_for(Option::is_some).await.unwrap();
    drop(log);
    assert!(whole_log(&open(&path)).await.is_empty());
}

/// Fills the file system that the log is on, makes room, and goes on.
#[tokio::test]
#[ignore = "runs as a child process, on a small file system of its own"]
async fn child_that_fills_its_file_system() {
    let log = log_of_child();
    let ballast = log.path().with_file_name("ballast");
    std::fs::write(&ballast, vec![1; 600_000]).unwrap();
    let mut made = Vec::new();
    let mut refusals = 0;
    for key in 0..2000_u128 {
        // Large and small ones, so that it is not always the same write that finds the disk full.
        let size = [20_000, 300, 5000][usize::try_from(key % 3).unwrap()];
        let append = Append { events: vec![event(key, vec![7; size])], ..append(key, Expected::NoStream, &[]) };
        match log.append(append).outcome().await {
            Ok(_) => made.push(key),
            Err(AppendError::Unavailable(_)) => refusals += 1,
            Err(error) => panic!("{error:?}"),
        }
        assert_eq!(*log.failure().borrow(), None);
        if refusals == 50 {
            // Somebody makes room.
            let _ = std::fs::remove_file(&ballast);
        }
        if refusals >= 50 && made.last().is_some_and(|last| *last + 1 == key + 1) {
            break;
        }
    }
    assert!(refusals >= 50 && !ballast.exists(), "{refusals} refused");
    assert_eq!(ids(&whole_log(&*log).await), made);
    assert_eq!(log.check().await.unwrap().problems, Vec::<String>::new());
    println!("healed after {} events and {refusals} refusals", made.len());
}

/// The real thing, where user namespaces are allowed: `cargo test -p event-store-sqlite --test broken_disk -- --ignored a_full`.
#[test]
#[ignore = "needs user namespaces to mount a small file system"]
fn a_full_file_system_is_answered_unavailable_and_the_log_goes_on_when_somebody_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let child = this_test_again("child_that_fills_its_file_system", &folder.path().join("log.db"));
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o size=3m tmpfs \"$0\" && exec \"$@\""])
        .arg(folder.path())
        .arg(child.get_program())
        .args(child.get_args())
        .envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("healed after"), "{told}");
}
