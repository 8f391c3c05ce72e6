//! Events in, histories out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

#[path = "../../directory/tests/log/mod.rs"]
mod log;

use audit_history::narrate::introduces;
use audit_history::{AuditHistory, Direction, Subject, introductions, positions, streams_of};
use domain::{Actor, DomainEvent, MailId, PersonId};
use log::{Company, Log, Said, id, interleave, partner, prelude, reviewer, transfer};
use projection_runtime::{Position, Standalone};
use proptest::prelude::*;
use test_support::servers::TestDatabase;

/// Two companies whose lives are mixed, and a read model of them.
async fn two_companies() -> (tempfile::TempDir, Log, Standalone<AuditHistory>) {
    let lives = vec![Company::new(7).life(), Company::new(8).life()];
    let log = Log::of([prelude(), interleave(lives, &[0, 1, 1, 0, 1])].concat());
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), AuditHistory)
        .await
        .unwrap();
    for batch in log.events.chunks(10) {
        rows.apply(batch).await.unwrap();
    }
    (folder, log, rows)
}

/// The positions of the events that satisfy a condition.
fn those(log: &Log, condition: impl Fn(&DomainEvent, &Actor) -> bool) -> Vec<Position> {
    let found = log.events.iter().filter(|envelope| condition(&envelope.event, &envelope.metadata.actor));
    found.map(|envelope| envelope.position).collect()
}

async fn all_of(rows: &mut Standalone<AuditHistory>, subject: Subject) -> Vec<Position> {
    positions(rows.rows(), subject, None, 10_000, Direction::Forward).await.unwrap()
}

/// Whether an event happened in the life of a company.
fn is_of(company: Company) -> impl Fn(&DomainEvent, &Actor) -> bool {
    let keys: Vec<_> = company.life().into_iter().map(|said: Said| (said.event.category(), said.event.key())).collect();
    move |event, _| keys.contains(&(event.category(), event.key()))
}

#[tokio::test]
async fn the_history_of_an_organization_begins_with_the_invitation_and_leaves_nothing_out() {
    let (_folder, log, mut rows) = two_companies().await;
    let company = Company::new(7);
    assert_eq!(all_of(&mut rows, Subject::Organization(company.organization())).await, those(&log, is_of(company)));
}

#[tokio::test]
async fn the_history_of_a_case_includes_its_invitation_and_the_mails_owed_for_it_and_nothing_that_came_later() {
    let (_folder, log, mut rows) = two_companies().await;
    let company = Company::new(7);
    let found = all_of(&mut rows, Subject::Case(company.case())).await;
    let invitation = those(&log, |event, _| event.key() == company.invitation().0);
    let case = those(&log, |event, _| event.key() == company.case().0);
    let mail = those(&log, |event, _| event.key() == MailId::of(company.submitted(), "registrant").0);
    assert!(!invitation.is_empty() && !case.is_empty() && mail.len() == 1);
    for position in invitation.iter().chain(&case).chain(&mail) {
        assert!(found.contains(position), "{position} is missing");
    }
    let access = those(&log, |event, _| matches!(event, DomainEvent::Access(..)));
    assert!(access.iter().all(|position| !found.contains(position)));
    let others = those(&log, is_of(Company::new(8)));
    assert!(others.iter().all(|position| !found.contains(position)));
}

#[tokio::test]
async fn the_history_of_a_person_is_every_event_that_mentions_them_or_that_they_caused() {
    let (_folder, log, mut rows) = two_companies().await;
    let company = Company::new(7);
    let mentions = |person: PersonId| {
        let text = person.to_string();
        those(&log, move |event, actor| {
            let debug = format!("{event:?} {actor:?}");
            debug.contains(&text)
        })
    };
    for person in [company.anna(), company.bert(), company.cleo()] {
        let found = all_of(&mut rows, Subject::Person(person)).await;
        // Besides: what happened to a credential that the event names without its user, and mails owed for what mentions them.
        let missing: Vec<_> = mentions(person).into_iter().filter(|position| !found.contains(position)).collect();
        assert_eq!(missing, []);
        let others = those(&log, is_of(Company::new(8)));
        assert!(others.iter().all(|position| !found.contains(position)));
    }
}

#[tokio::test]
async fn partners_applications_and_staff_have_histories_of_what_concerns_them() {
    let (_folder, log, mut rows) = two_companies().await;
    let of_staff = those(&log, |event, actor| {
        event.key() == reviewer().0 || *actor == Actor::Staff(reviewer()) || format!("{event:?}").contains(&reviewer().to_string())
    });
    assert_eq!(all_of(&mut rows, Subject::Staff(reviewer())).await, of_staff);
    let of_partner = all_of(&mut rows, Subject::Organization(partner())).await;
    for company in [7, 8].map(Company::new) {
        for key in [company.invitation().0, company.declined_offer().0] {
            let sent = those(&log, |event, _| event.key() == key)[0];
            assert!(of_partner.contains(&sent));
        }
    }
    let of_application = all_of(&mut rows, Subject::Application(transfer())).await;
    let access = those(&log, |event, _| matches!(event, DomainEvent::Access(..)));
    assert!(access.iter().all(|position| of_application.contains(position)));
    assert_eq!(all_of(&mut rows, Subject::Person(PersonId(id(424_242)))).await, [], "nobody knows this one");
}

#[tokio::test]
async fn a_history_is_read_page_by_page_in_both_directions() {
    let (_folder, _log, mut rows) = two_companies().await;
    let subject = Subject::Organization(Company::new(8).organization());
    let all = all_of(&mut rows, subject).await;
    for (direction, expected) in [(Direction::Forward, all.clone()), (Direction::Backward, all.iter().rev().copied().collect())] {
        let mut read = Vec::new();
        loop {
            let page = positions(rows.rows(), subject, read.last().copied(), 7, direction).await.unwrap();
            assert!(page.len() <= 7);
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, expected);
    }
}

#[tokio::test]
async fn a_history_knows_what_introduced_those_it_names() {
    let (_folder, log, mut rows) = two_companies().await;
    let subject = Subject::Organization(Company::new(7).organization());
    let all = all_of(&mut rows, subject).await;
    let introducing = those(&log, |event, _| introduces(event));
    let expected: Vec<Position> = all.into_iter().filter(|position| introducing.contains(position)).collect();
    assert!(expected.len() >= 6, "{expected:?}");
    assert_eq!(introductions(rows.rows(), subject).await.unwrap(), expected);
}

#[tokio::test]
async fn the_streams_of_an_organization_begin_with_its_own_and_its_case() {
    let (_folder, _log, mut rows) = two_companies().await;
    let company = Company::new(7);
    let found = streams_of(rows.rows(), Subject::Organization(company.organization()), None, 100).await.unwrap();
    let own: Vec<_> = found.iter().take(5).map(|stream| stream.key).collect();
    for key in [company.organization().0, company.case().0, company.invitation().0, company.declined_offer().0, company.late_offer().0] {
        assert!(own.contains(&key), "{own:?}");
    }
    assert!(found.iter().any(|stream| &*stream.category == "user" && stream.key == company.cleo().0));
    assert!(found.iter().all(|stream| &*stream.category != "mail"), "a mail has no state to show: {found:?}");
    let early = streams_of(rows.rows(), Subject::Organization(company.organization()), Some(Position(5)), 100).await.unwrap();
    assert!(early.len() < found.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_of_any_size_give_the_same_rows(
        companies in 1..5_u128,
        choices in prop::collection::vec(0..8_usize, 1..64),
        sizes in prop::collection::vec(1..40_usize, 1..16),
    ) {
        let lives = (0..companies).map(|number| Company::new(number).life()).collect();
        let log = Log::of([prelude(), interleave(lives, &choices)].concat());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut at_once = Standalone::create_twice(&folder.path().join("at-once"), &TestDatabase::of_this_thread().parse().unwrap(), AuditHistory).await.unwrap();
            at_once.apply(&log.events).await.unwrap();
            let mut split = Standalone::create_twice(&folder.path().join("split"), &TestDatabase::of_this_thread().parse().unwrap(), AuditHistory).await.unwrap();
            let mut rest = &log.events[..];
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (batch, more) = rest.split_at((*size).min(rest.len()));
                split.apply(batch).await.unwrap();
                rest = more;
            }
            assert_eq!(at_once.digest().await.unwrap(), split.digest().await.unwrap());
        });
    }
}
