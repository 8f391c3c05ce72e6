//! Events in, deadlines out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

#[path = "../../directory/tests/log/mod.rs"]
mod log;

use deadlines::{Deadline, Deadlines, reached, running_reviews};
use domain::invitation::InvitationEvent;
use domain::{InvitationId, PersonId};
use jiff::{SignedDuration, Timestamp};
use log::{Company, Log, Said, id, interleave, prelude, said};
use projection_runtime::Standalone;
use test_support::servers::TestDatabase;

const DEADLINES: Deadlines = Deadlines { invitation_reminder: SignedDuration::from_hours(24) };

async fn deadlines_of(events: Vec<Said>) -> (tempfile::TempDir, Standalone<Deadlines>) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestDatabase::of_this_thread().parse().unwrap();
    let mut rows = Standalone::create_twice(&folder.path().join("rows"), &server, DEADLINES).await.unwrap();
    // In small batches: rows are read again and changed.
    for batch in Log::of(events).events.chunks(7) {
        rows.apply(batch).await.unwrap();
    }
    (folder, rows)
}

fn invitation(number: u128) -> InvitationId {
    InvitationId(id(40_000 + number))
}

fn sent(number: u128) -> Said {
    Company::new(number).sent(invitation(number), PersonId(id(50_000 + number)), None)
}

#[tokio::test]
async fn what_lies_ahead_is_found_page_by_page_the_longest_overdue_first() {
    let (_folder, mut rows) = deadlines_of([prelude(), (0..9).map(sent).collect()].concat()).await;
    let rows = rows.rows();
    assert_eq!(reached(rows, Timestamp::UNIX_EPOCH, None, 10).await.unwrap(), [], "nothing is due before it began");
    let mut found: Vec<Deadline> = Vec::new();
    loop {
        let page = reached(rows, Timestamp::MAX, found.last(), 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    assert_eq!(found.len(), 9);
    assert!(found.is_sorted_by_key(|row| (row.next, row.id.clone())));
}

#[tokio::test]
async fn an_invitation_that_is_revoked_has_no_deadline() {
    let (_folder, mut open) = deadlines_of([prelude(), vec![sent(7)]].concat()).await;
    assert_eq!(reached(open.rows(), Timestamp::MAX, None, 100).await.unwrap().len(), 1);
    let revoked = said((invitation(7), InvitationEvent::Revoked { reason: None }));
    let (_folder, mut closed) = deadlines_of([prelude(), vec![sent(7), revoked]].concat()).await;
    assert_eq!(reached(closed.rows(), Timestamp::MAX, None, 100).await.unwrap(), []);
}

#[tokio::test]
async fn a_review_runs_until_it_is_decided() {
    let lives = |decided: bool| {
        let life = |number| {
            let company = Company::new(number);
            let registered = company.registered();
            let until = if decided { registered.len() } else { registered.len() / 2 };
            [company.invited(), registered[..until].to_vec()].concat()
        };
        [prelude(), interleave((0..3).map(life).collect(), &[0, 3, 1])].concat()
    };
    let (_folder, mut decided) = deadlines_of(lives(true)).await;
    assert_eq!(running_reviews(decided.rows(), "", 10).await.unwrap(), []);
    let (_folder, mut running) = deadlines_of(lives(false)).await;
    let found = running_reviews(running.rows(), "", 10).await.unwrap();
    assert!(found.iter().all(|row| row.review_due.is_some()) && found.is_sorted_by_key(|row| row.id.clone()));
    running.digest().await.unwrap();
}
