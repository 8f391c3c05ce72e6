//! Events in, what other services are told out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

mod client;
#[path = "../../directory/tests/log/mod.rs"]
mod log;

use std::collections::BTreeSet;

use client::Client;
use domain::person::PersonEvent;
use domain::registration::RegistrationEvent;
use domain::user::UserEvent;
use domain::*;
use log::{Company, Log, Said, interleave, partner, prelude, reason, said, transfer};
use projection_runtime::{Position, Standalone};
use proptest::prelude::*;
use public_events::snapshot::Line;
use public_feed::{Entry, Origin, PublicFeed, Scope, Snapshot, entry_at, last, page};
use test_support::servers::TestDatabase;

async fn feed_of(events: Vec<Said>) -> (tempfile::TempDir, Standalone<PublicFeed>) {
    feed_of_log(&Log::of([prelude(), events].concat())).await
}

async fn feed_of_log(log: &Log) -> (tempfile::TempDir, Standalone<PublicFeed>) {
    let folder = tempfile::tempdir().unwrap();
    let mut standalone =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), PublicFeed).await.unwrap();
    standalone.apply(&log.events).await.unwrap();
    (folder, standalone)
}

async fn entries(feed: &mut Standalone<PublicFeed>) -> Vec<Entry> {
    page(feed.rows(), Position::START, 10_000, &Scope::Everything).await.unwrap()
}

/// Whether each event names the one before it.
fn is_chained(entries: &[Entry]) -> bool {
    let before = std::iter::once(Position::START).chain(entries.iter().map(|entry| entry.position));
    before.zip(entries).all(|(before, entry)| entry.previous == before)
}

async fn snapshot(feed: &mut Standalone<PublicFeed>, scope: &Scope, limit: u32) -> Vec<Line> {
    let mut snapshot = Snapshot::new(scope.clone(), uuid::Uuid::from_u128(7));
    let mut lines = Vec::new();
    while let Some(next) = snapshot.next(feed.rows(), limit).await.unwrap() {
        lines.extend(next);
    }
    lines
}

fn only(codes: &[&str]) -> Scope {
    Scope::Applications(codes.iter().map(|code| code.parse().unwrap()).collect())
}

fn a_company() -> Company {
    Company::new(7)
}

/// The events of the company itself, without what stands before all companies.
async fn told_of(events: Vec<Said>) -> Vec<Entry> {
    let before = Position(u64::try_from(prelude().len()).unwrap());
    let (_folder, mut feed) = feed_of(events).await;
    page(feed.rows(), before, 10_000, &Scope::Everything).await.unwrap()
}

fn kinds(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.kind.as_str()).collect()
}

#[tokio::test]
async fn from_the_invitation_to_the_first_login_only_what_others_may_know_is_told() {
    let company = a_company();
    let told = told_of([company.invited(), company.registered(), company.onboarded(), company.first_login()].concat()).await;
    assert_eq!(
        kinds(&told),
        [
            "invitation.sent.v1",
            "invitation.resent.v1",
            "invitation.accepted.v1",
            "registration.started.v1",
            "registration.submitted.v1",
            "registration.information_requested.v1",
            "registration.resubmitted.v1",
            "registration.approved.v1",
            "organization.approved.v1",
            "user.created.v1",
            "user.created.v1",
            "relationship.established.v1",
            "subscription.activated.v1",
            "user.profile_confirmed.v1",
            "user.activated.v1",
        ]
    );
}

#[tokio::test]
async fn within_the_undo_window_of_an_approval_nothing_is_told() {
    let company = a_company();
    let mut events = company.registered();
    let took_effect = events.pop().unwrap();
    let last_told = |told: Vec<Entry>| told.last().unwrap().kind.clone();
    assert_eq!(last_told(told_of(events.clone()).await), "registration.resubmitted.v1");
    let undone = RegistrationEvent::ApprovalUndone { reviewer: log::reviewer(), reason: reason("too early"), due: company.due() };
    assert_eq!(last_told(told_of([events.clone(), vec![said((company.case(), undone))]].concat()).await), "registration.resubmitted.v1");
    assert_eq!(last_told(told_of([events, vec![took_effect]].concat()).await), "registration.approved.v1");
}

#[tokio::test]
async fn an_event_has_the_id_the_time_and_the_place_of_the_stored_one_and_says_what_it_is_about() {
    let company = a_company();
    let log = Log::of([prelude(), company.invited(), company.registered()].concat());
    let (_folder, mut feed) = feed_of_log(&log).await;
    let submitted = entries(&mut feed).await.into_iter().find(|entry| entry.kind == "registration.submitted.v1").unwrap();
    let stored = &log.events[usize::try_from(submitted.position.0 - 1).unwrap()];
    assert_eq!((submitted.id, submitted.recorded_at), (stored.id.0, stored.recorded_at));

    let origin = Origin { source: "urn:gateway".to_owned(), schemas: "https://gateway.example/s".to_owned(), epoch: uuid::Uuid::nil() };
    let envelope = submitted.envelope(&origin).unwrap();
    assert_eq!(envelope.subject, format!("registration/{}", company.case()));
    assert_eq!(envelope.dataschema, "https://gateway.example/s/registration.submitted.v1.json");
    assert_eq!(envelope.subject_on_nats().unwrap(), format!("gatehouse.v1.registration.submitted.SFT.{}", company.organization()));
    assert_eq!(entry_at(feed.rows(), submitted.position).await.unwrap(), Some(submitted.clone()));
    assert_eq!(entry_at(feed.rows(), Position(submitted.position.0 - 1)).await.unwrap(), None, "what is not public has no entry");
}

#[tokio::test]
async fn who_was_a_user_is_erased_for_others_too_and_who_never_was_is_not_mentioned() {
    let company = a_company();
    let forgotten = |person| {
        vec![said((person, PersonEvent::ForgettingStarted { reason: reason("asked for") })), said((person, PersonEvent::Forgotten {}))]
    };
    let before = [company.invited(), company.registered()].concat();
    let only_nominated = told_of([before.clone(), forgotten(company.bert())].concat()).await;
    assert!(!kinds(&only_nominated).contains(&"person.erased.v1"));

    let invited_only = said((
        company.cleo(),
        UserEvent::Invited {
            organization: company.organization(),
            organization_name: CompanyName::parse("Müller").unwrap(),
            email: Personal::new(company.cleo(), Email::parse("cleo@mueller.example").unwrap()),
            expires_at: log::recorded_at(9),
        },
    ));
    let told = told_of([vec![invited_only], forgotten(company.cleo())].concat()).await;
    assert_eq!(kinds(&told), Vec::<&str>::new());

    let told = told_of([before, company.onboarded(), forgotten(company.bert())].concat()).await;
    let erased = told.last().unwrap();
    assert_eq!((erased.kind.as_str(), erased.organization.unwrap().0), ("person.erased.v1", company.organization().0));
    assert_eq!(erased.subject, format!("person/{}", company.bert()));
}

#[tokio::test]
async fn a_service_limited_to_applications_is_told_of_these_and_of_every_erasure() {
    let lives = (0..4).map(|number| Company::new(number).life()).collect();
    let (_folder, mut feed) = feed_of(interleave(lives, &[0, 3, 1, 2])).await;
    let all = entries(&mut feed).await;
    for codes in [&["SFT"][..], &["FIS"], &["FIS", "SFT"], &["NONE"], &[]] {
        let is_told = |entry: &&Entry| {
            entry.kind == "person.erased.v1" || entry.application.as_ref().is_some_and(|code| codes.contains(&code.as_str()))
        };
        let expected: Vec<Entry> = all.iter().filter(is_told).cloned().collect();
        let (mut paged, mut after) = (Vec::new(), Position::START);
        loop {
            let next = page(feed.rows(), after, 3, &only(codes)).await.unwrap();
            let Some(end) = next.last() else { break };
            after = end.position;
            paged.extend(next);
        }
        assert_eq!(paged, expected, "{codes:?}");
    }
    let by_id = Scope::of(feed.rows(), [transfer(), ApplicationId(partner().0)]).await.unwrap();
    assert_eq!(by_id, only(&["SFT"]), "what is in no catalogue is not told of");
}

#[tokio::test]
async fn a_snapshot_limited_to_an_application_names_who_is_subscribed_and_who_has_access_and_nobody_else() {
    let lives = vec![Company::new(1).life(), Company::new(2).onboarded(), Company::new(3).onboarded()[..4].to_vec()];
    let (_folder, mut feed) = feed_of(interleave(lives, &[0])).await;
    let lines = snapshot(&mut feed, &only(&["SFT"]), 1).await;
    let mut named = BTreeSet::new();
    for line in &lines {
        match line {
            Line::Application(line) => assert_eq!(line.application.0, transfer().0),
            Line::Organization(line) => assert!(named.insert(line.organization.0)),
            Line::User(line) => assert!(named.insert(line.user.0)),
            Line::Subscription(line) => assert_eq!(line.application.0, transfer().0),
            Line::Access(line) => assert_eq!(line.application.0, transfer().0),
            Line::Relationship(_) | Line::Unknown => panic!("{line:?} is none of its business"),
            Line::Begin(_) | Line::End(_) => {}
        }
    }
    let companies = [Company::new(1), Company::new(2)];
    assert_eq!(named, companies.iter().map(|company| company.organization().0).chain([Company::new(1).cleo().0]).collect());
    assert!(!named.contains(&partner().0));
    assert_eq!(lines, snapshot(&mut feed, &only(&["SFT"]), 1_000).await, "whatever the size of its parts");
    let nothing = snapshot(&mut feed, &only(&["NONE"]), 1_000).await;
    assert!(matches!(nothing[..], [Line::Begin(_), Line::End(_)]), "{nothing:?}");
}

#[tokio::test]
async fn a_snapshot_of_an_empty_log_is_two_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut feed =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), PublicFeed).await.unwrap();
    let lines = snapshot(&mut feed, &Scope::Everything, 10).await;
    assert!(matches!(lines[..], [Line::Begin(begin), Line::End(end)] if begin.position.0 == 0 && end.lines == 2), "{lines:?}");
    assert_eq!(last(feed.rows()).await.unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_of_any_size_give_the_same_rows_and_each_event_names_the_one_before_it(
        companies in 1..5_u128,
        choices in prop::collection::vec(0..8_usize, 1..64),
        sizes in prop::collection::vec(1..40_usize, 1..16),
    ) {
        let lives = (0..companies).map(|number| Company::new(number).life()).collect();
        let log = Log::of([prelude(), interleave(lives, &choices)].concat());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, mut at_once) = feed_of_log(&log).await;
            let folder = tempfile::tempdir().unwrap();
            let mut split = Standalone::create_twice(&folder.path().join("split"), &TestDatabase::of_this_thread().parse().unwrap(), PublicFeed).await.unwrap();
            let mut rest = &log.events[..];
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (batch, more) = rest.split_at((*size).min(rest.len()));
                split.apply(batch).await.unwrap();
                rest = more;
            }
            assert!(is_chained(&entries(&mut split).await));
            assert_eq!(at_once.digest().await.unwrap(), split.digest().await.unwrap());
        });
    }

    #[test]
    fn what_is_so_follows_from_the_events_alone_and_from_a_snapshot_and_the_events_after_it(
        companies in 1..5_u128,
        choices in prop::collection::vec(0..8_usize, 1..64),
        percent in 0..101_usize,
        limit in 1..30_u32,
    ) {
        let lives = (0..companies).map(|number| Company::new(number).life()).collect();
        let log = Log::of([prelude(), interleave(lives, &choices)].concat());

        let (before, after) = log.events.split_at(log.events.len() * percent / 100);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut feed = Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), PublicFeed).await.unwrap();
            feed.apply(before).await.unwrap();
            let bootstrap = snapshot(&mut feed, &Scope::Everything, limit).await;
            feed.apply(after).await.unwrap();

            let all = entries(&mut feed).await;
            let Line::Begin(begin) = &bootstrap[0] else { panic!("a snapshot begins with its position") };
            let Some(Line::End(end)) = bootstrap.last() else { panic!("a snapshot ends with its length") };
            assert_eq!(usize::try_from(end.lines).unwrap(), bootstrap.len());
            let tail: Vec<Entry> = all.iter().filter(|entry| entry.position.0 > begin.position.0).cloned().collect();
            assert!(tail.first().is_none_or(|entry| entry.previous.0 == begin.position.0), "the tail goes on where the snapshot ends");

            let (mut replayed, mut resumed) = (Client::default(), Client::of(&bootstrap));
            for entry in &all {
                replayed.told(&entry.kind, &serde_json::from_str(&entry.data).unwrap());
            }
            for entry in &tail {
                resumed.told(&entry.kind, &serde_json::from_str(&entry.data).unwrap());
            }
            let now = Client::of(&snapshot(&mut feed, &Scope::Everything, limit).await);
            assert_eq!(replayed, now);
            assert_eq!(resumed, now);
        });
    }
}
