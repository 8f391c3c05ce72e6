//! Another log is taken over as it is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod common;

use common::{append, ask, case, is_whole, open, whole_log};
use event_store::conformance::ticking_clock;
use event_store::memory::MemoryStore;
use event_store::{Epoch, EventStore, Expected, LogDigest, Position, Recorded};
use event_store_postgres::{Import, ImportError, OpenError, PostgresLog, Sharing};
use test_support::eventually;
use test_support::servers::TestDatabase;
use uuid::Uuid;

async fn original() -> (MemoryStore, Vec<Recorded>) {
    let log = MemoryStore::with_epoch(ticking_clock(), Epoch(Uuid::from_u128(77)));
    for key in 0..50_u128 {
        log.append(append(key, Expected::NoStream, &[key, 100 + key, 200 + key])).outcome().await.unwrap();
        if key > 3 {
            log.append(append(key - 3, Expected::Exact(2), &[300 + key])).outcome().await.unwrap();
        }
    }
    let events = log.read_all(Position::START, usize::MAX).await.unwrap();
    (log, events)
}

fn digest(events: &[Recorded]) -> String {
    let mut digest = LogDigest::default();
    events.iter().for_each(|event| digest.add(event).unwrap());
    digest.text()
}

async fn begun(database: &TestDatabase, epoch: Epoch) -> Import {
    let server = database.url().parse().unwrap();
    // The server may take a moment to notice that the one before is gone.
    eventually("the log to be free", common::SOON, async || match Import::open(&server, epoch).await {
        Ok(import) => Some(import),
        Err(ImportError::Open(OpenError::InUse(_))) => None,
        Err(error) => panic!("{error}"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_taken_over_byte_for_byte_also_after_an_interruption_and_goes_on() {
    let database = TestDatabase::create();
    let (source, events) = original().await;
    let mut import = begun(&database, source.epoch()).await;
    assert_eq!(import.position(), Position::START);
    import.take(&events[..7]).await.unwrap();
    import.take(&events[7..60]).await.unwrap();
    assert!(matches!(import.take(&events[59..]).await, Err(ImportError::NotNext(Position(60)))));
    assert!(matches!(import.take(&events[61..]).await, Err(ImportError::NotNext(_))));
    drop(import);
    let unfinished = PostgresLog::open(&database.url().parse().unwrap(), common::options()).await.unwrap_err();
    assert!(matches!(unfinished, OpenError::Unfinished(_)), "{unfinished}");

    let mut import = begun(&database, source.epoch()).await;
    assert_eq!(import.position(), Position(60));
    import.take(&events[60..]).await.unwrap();
    import.finish(source.epoch()).await.unwrap();
    let log = open(&database.url()).await;
    assert_eq!(log.epoch(), source.epoch());
    let copied = whole_log(&log).await;
    assert_eq!(digest(&copied), digest(&events));
    assert_eq!(copied, events);
    is_whole(&log).await;
    let made = ask(&log, append(1, Expected::Exact(3), &[999])).await.unwrap();
    assert_eq!(made.position, Position(u64::try_from(events.len()).unwrap() + 1));
    assert!(ask(&log, append(1, Expected::NoStream, &[1, 101, 201])).await.unwrap().repeated);
    assert_eq!(log.newest(&case(1)).await.unwrap(), Some((4, made.position)));
    is_whole(&log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_with_other_content_or_in_use_is_not_written_to() {
    let database = TestDatabase::create();
    let server = database.url().parse().unwrap();
    let log = open(&database.url()).await;
    ask(&log, append(1, Expected::NoStream, &[1])).await.unwrap();
    log.claim(Sharing::WithOthers).await.unwrap();
    let epoch = Epoch(Uuid::from_u128(77));
    assert!(matches!(Import::open(&server, epoch).await, Err(ImportError::Open(OpenError::InUse(_)))));
    log.close().await;
    let other = eventually("the log to be free", common::SOON, async || match Import::open(&server, epoch).await {
        Err(ImportError::Open(OpenError::InUse(_))) => None,
        other => Some(other),
    })
    .await;
    assert!(matches!(other, Err(ImportError::Other { events: 1 })), "{other:?}");
    let log = open(&database.url()).await;
    assert_eq!(whole_log(&log).await.len(), 1);
}
