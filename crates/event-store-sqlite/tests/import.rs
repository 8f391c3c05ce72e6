//! A log that takes over another one has the same events in the same places, byte for byte, however often it was interrupted.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod common;

use common::{append, open, whole_log};
use event_store::{Epoch, EventStore, Expected, LogDigest, Position, Recorded};
use event_store_sqlite::{Import, ImportError, SqliteLog};
use uuid::Uuid;

async fn original(folder: &tempfile::TempDir) -> SqliteLog {
    let log = open(&folder.path().join("original.db"));
    for key in 0..20_u128 {
        log.append(append(key, Expected::NoStream, &[key * 10, key * 10 + 1])).outcome().await.unwrap();
    }
    for key in 0..10_u128 {
        log.append(append(key, Expected::Exact(1), &[key * 10 + 2])).outcome().await.unwrap();
    }
    log
}

#[tokio::test]
async fn a_copy_that_was_interrupted_goes_on_and_is_the_same_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = original(&folder).await;
    let events = whole_log(&log).await;
    let target = folder.path().join("copy.db");
    for page in events.chunks(7) {
        let mut import = Import::open(&target, log.epoch()).unwrap();
        assert_eq!(import.position().0 + 1, page[0].position.0);
        import.take(page).unwrap();
    }
    let copy = open(&target);
    assert_eq!((copy.epoch(), whole_log(&copy).await), (log.epoch(), events));
    let all = Position(u64::MAX);
    assert_eq!(LogDigest::of(&copy, all).await.unwrap().text(), LogDigest::of(&log, all).await.unwrap().text());
    assert_eq!(copy.check().await.unwrap().problems, Vec::<String>::new());
    // It is a log of its own: it goes on where the other one was.
    let appended = copy.append(append(3, Expected::Exact(2), &[9999])).outcome().await.unwrap();
    assert_eq!((appended.version, appended.position), (3, Position(51)));
}

#[tokio::test]
async fn an_event_that_is_not_the_next_one_is_refused_with_the_page_it_is_in() {
    let folder = tempfile::tempdir().unwrap();
    let log = original(&folder).await;
    let events = whole_log(&log).await;
    let mut import = Import::open(&folder.path().join("copy.db"), log.epoch()).unwrap();
    let gap: Vec<Recorded> = [events[0].clone(), events[1].clone(), events[3].clone()].into();
    assert!(matches!(import.take(&gap), Err(ImportError::NotNext(Position(4)))));
    assert_eq!(import.position(), Position::START);
    let mut elsewhere = events[2].clone();
    elsewhere.version = 5;
    assert!(matches!(import.take(&[events[0].clone(), events[1].clone(), elsewhere]), Err(ImportError::NotNext(Position(3)))));
    import.take(&events).unwrap();
}

#[tokio::test]
async fn a_log_of_another_history_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let log = original(&folder).await;
    let path = log.path().to_owned();
    log.close();
    let refused = Import::open(&path, Epoch(Uuid::from_u128(7))).map(drop);
    assert!(matches!(refused, Err(ImportError::Other { events: 50 })), "{refused:?}");
}
