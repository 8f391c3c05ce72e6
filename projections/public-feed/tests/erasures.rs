//! Who was erased, and which services have not acknowledged it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

#[path = "../../directory/tests/log/mod.rs"]
mod log;

use domain::person::PersonEvent;
use domain::service::{Sees, ServiceEvent};
use domain::*;
use log::{Company, Log, Said, prelude, reason, recorded_at, said};
use projection_runtime::{Position, Standalone};
use public_feed::{PublicFeed, acknowledgements_of, erasures, outstanding, outstanding_of, services};
use test_support::servers::TestDatabase;

fn id(name: &str) -> ServiceId {
    ServiceId::of(&ServiceName::parse(name).unwrap())
}

fn registered(name: &str) -> Said {
    said((id(name), ServiceEvent::Registered { name: ServiceName::parse(name).unwrap(), sees: Sees::Everything }))
}

fn retired(name: &str) -> Said {
    said((id(name), ServiceEvent::Retired { reason: reason("replaced") }))
}

fn erased(person: PersonId) -> [Said; 2] {
    let forgetting = PersonEvent::ForgettingStarted { reason: reason("asked for it") };
    [said((person, forgetting)), said((person, PersonEvent::Forgotten {}))]
}

fn acknowledged(person: PersonId, name: &str) -> Said {
    said((person, PersonEvent::ErasureAcknowledged { service: id(name) }))
}

fn company() -> Company {
    Company::new(7)
}

/// A company with users, then these events; applied in batches of this size.
async fn feed_of(events: Vec<Said>, batch: usize) -> (tempfile::TempDir, Standalone<PublicFeed>, u64) {
    let before = [prelude(), company().life()].concat();
    let length = u64::try_from(before.len()).unwrap();
    let log = Log::of([before, events].concat());
    let folder = tempfile::tempdir().unwrap();
    let mut feed =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), PublicFeed).await.unwrap();
    for events in log.events.chunks(batch) {
        feed.apply(events).await.unwrap();
    }
    (folder, feed, length)
}

/// Of each batch size: what is in the tables must not depend on it.
const BATCHES: [usize; 3] = [1, 3, 10_000];

#[tokio::test]
async fn an_erasure_is_owed_by_every_service_that_was_registered_then_and_is_not_retired() {
    let person = company().anna();
    for batch in BATCHES {
        let [forgetting, forgotten] = erased(person);
        let events =
            vec![registered("one"), registered("gone"), registered("two"), retired("gone"), forgetting, forgotten, registered("late")];
        let (_folder, mut feed, before) = feed_of([events, vec![retired("two")]].concat(), batch).await;
        let found = erasures(feed.rows(), true, Position::START, 10).await.unwrap();
        assert_eq!(found.len(), 1, "in batches of {batch}");
        assert_eq!((found[0].person, found[0].position, found[0].erased_at), (person, before + 6, recorded_at(before + 6)));
        let owed = acknowledgements_of(feed.rows(), &[person]).await.unwrap();
        let owed: Vec<_> = owed.iter().map(|row| (row.service, row.owed, row.acknowledged_at)).collect();
        assert_eq!(owed, [(id("one"), true, None)], "in batches of {batch}");
        assert_eq!(outstanding(feed.rows()).await.unwrap(), 1);
        assert_eq!(outstanding_of(feed.rows(), id("one"), Position::START, 10).await.unwrap(), found);
        assert!(outstanding_of(feed.rows(), id("one"), Position(before + 6), 10).await.unwrap().is_empty());
        assert!(outstanding_of(feed.rows(), id("late"), Position::START, 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_owed_no_more_and_who_came_later_may_acknowledge_too() {
    let person = company().anna();
    for batch in BATCHES {
        let events = [
            vec![registered("one")],
            erased(person).to_vec(),
            vec![registered("late"), acknowledged(person, "late"), acknowledged(person, "one")],
        ];
        let (_folder, mut feed, before) = feed_of(events.concat(), batch).await;
        assert!(erasures(feed.rows(), true, Position::START, 10).await.unwrap().is_empty());
        assert_eq!(erasures(feed.rows(), false, Position(before), 10).await.unwrap().len(), 1);
        assert_eq!(outstanding(feed.rows()).await.unwrap(), 0);
        let mut rows = acknowledgements_of(feed.rows(), &[person]).await.unwrap();
        rows.sort_by_key(|row| row.acknowledged_at);
        let rows: Vec<_> = rows.iter().map(|row| (row.service, row.owed, row.acknowledged_at)).collect();
        let at = |offset| Some(recorded_at(before + offset));
        assert_eq!(rows, [(id("late"), false, at(5)), (id("one"), true, at(6))], "in batches of {batch}");
    }
}

#[tokio::test]
async fn nobody_owes_anything_for_somebody_who_was_never_told_of() {
    let stranger = PersonId(log::id(999));
    let events = [vec![registered("one")], erased(stranger).to_vec(), vec![acknowledged(stranger, "one")]];
    let (_folder, mut feed, before) = feed_of(events.concat(), 10_000).await;
    assert!(erasures(feed.rows(), false, Position(before), 10).await.unwrap().is_empty());
    assert_eq!(outstanding(feed.rows()).await.unwrap(), 0);
    assert!(acknowledgements_of(feed.rows(), &[stranger]).await.unwrap().is_empty());
}

#[tokio::test]
async fn services_are_listed_with_what_they_are_shown_and_since_when_they_are_retired() {
    let applications = Sees::Applications(vec![log::transfer()]);
    let events = vec![
        registered("two"),
        registered("one"),
        said((id("two"), ServiceEvent::ScopeChanged { sees: applications.clone() })),
        retired("one"),
    ];
    let (_folder, mut feed, before) = feed_of(events, 10_000).await;
    let rows = services(feed.rows()).await.unwrap();
    let rows: Vec<_> = rows.into_iter().map(|row| (row.name, row.sees.0, row.registered_at, row.retired_at)).collect();
    let at = |offset| recorded_at(before + offset);
    assert_eq!(rows, [("one".to_owned(), Sees::Everything, at(2), Some(at(4))), ("two".to_owned(), applications, at(1), None)]);
}
