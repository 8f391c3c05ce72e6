//! What is not opened, and how clearly that is said.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use common::{append, log_of_child, open, options, this_test_again, whole_log};
use event_store::{EventStore, Expected};
use event_store_sqlite::{OpenError, SqliteLog};
use rusqlite::Connection;

fn refused(path: &Path) -> OpenError {
    SqliteLog::open(path, options()).unwrap_err()
}

#[tokio::test]
async fn a_log_in_use_is_not_opened_again_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = open(&path);
    let error = refused(&path);
    assert!(matches!(&error, OpenError::InUse { holder: Some(holder), .. } if *holder == std::process::id()), "{error:?}");
    assert!(error.to_string().contains("is in use by another process"), "{error}");
    assert!(matches!(SqliteLog::start_new_epoch(&path), Err(OpenError::InUse { .. })));
    log.append(append(1, Expected::NoStream, &[1])).outcome().await.unwrap();
    drop(log);
    assert_eq!(whole_log(&open(&path)).await.len(), 1);
}

#[test]
#[ignore = "runs as a child process, to be killed"]
fn child_that_holds_the_log_until_it_is_killed() {
    let log = log_of_child();
    eprintln!("open {}", log.epoch().0);
    loop {
        std::thread::park();
    }
}

#[test]
fn a_log_is_free_again_when_the_process_that_had_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut child =
        this_test_again("child_that_holds_the_log_until_it_is_killed", &path).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("open "), "{line}");
    let error = refused(&path);
    assert!(matches!(error, OpenError::InUse { holder: Some(holder), .. } if holder == child.id()), "{error:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(format!("open {}", open(&path).epoch().0), line.trim());
}

#[test]
fn a_log_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    drop(open(&path));
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1 }), "{error:?}");
    assert!(error.to_string().contains("has format 2, but this version of Gatehouse knows formats up to 1"), "{error}");
    assert!(matches!(SqliteLog::start_new_epoch(&path), Err(OpenError::Newer { .. })));
    assert!(matches!(event_store_sqlite::check_file(&path), Err(OpenError::Newer { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_not_a_log_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be read as the header of one, which it is not: ".repeat(20)).unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(refused(&text), OpenError::NotALog(path) if path == text));
    assert_eq!(std::fs::read(&text).unwrap(), before);
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE events (position INTEGER)").unwrap();
    assert!(matches!(refused(&other), OpenError::NotALog(path) if path == other));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(&folder.path().join("nowhere/log.db"));
    assert!(matches!(&error, OpenError::Io { path, .. } if path.ends_with("nowhere/log.db.lock")), "{error:?}");
}

#[test]
fn a_creation_that_was_cut_short_is_finished_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    // As after a kill between the first bytes of the file and its tables.
    let connection = Connection::open(&path).unwrap();
    connection.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(())).unwrap();
    drop(connection);
    let epoch = open(&path).epoch();
    assert_eq!(open(&path).epoch(), epoch);
}

#[tokio::test]
async fn a_closed_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(&folder.path().join("log.db"));
    let queued = log.append(append(1, Expected::NoStream, &[1]));
    log.close();
    assert!(queued.outcome().await.is_ok(), "what was queued is written");
    let refused = log.append(append(2, Expected::NoStream, &[2])).outcome().await.unwrap_err();
    assert_eq!(refused.to_string(), "the event log cannot be written right now: the event log is being closed");
    assert!(log.read_all(event_store::Position::START, 10).await.is_err());
    log.close();
}
