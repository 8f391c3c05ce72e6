//! Forgetting blanks; a rebuild and batches of any size give the same rows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

#[path = "log/mod.rs"]
mod log;

use directory::*;
use domain::user::UserEvent;
use domain::*;
use log::{Company, Log, Said, id, interleave, prelude, reason, said};
use projection_runtime::Standalone;
use proptest::prelude::*;
use test_support::servers::TestDatabase;

async fn directory_of(events: Vec<Said>) -> (tempfile::TempDir, Standalone<Directory>) {
    let folder = tempfile::tempdir().unwrap();
    let mut standalone =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), Directory).await.unwrap();
    standalone.apply(&Log::of(events).events).await.unwrap();
    (folder, standalone)
}

fn a_company() -> Company {
    Company::new(7)
}

fn up_to_first_login() -> Vec<Said> {
    let company = a_company();
    [prelude(), company.invited(), company.registered(), company.onboarded(), company.first_login()].concat()
}

/// All personal columns of a person, wherever they are.
async fn personal_values(rows: &mut Standalone<Directory>, person: PersonId) -> Vec<Option<String>> {
    let mut values = Vec::new();
    if let Some(user) = user(rows.rows(), person).await.unwrap() {
        values.extend([user.given_name, user.family_name, user.email, user.email_domain, user.phone, user.job_title]);
    }
    for member in staff(rows.rows()).await.unwrap().into_iter().filter(|member| member.person == person) {
        values.extend([member.given_name, member.family_name, member.email, member.phone, member.job_title]);
    }
    for invitation in invitations(rows.rows(), &InvitationFilter::default(), None, 100).await.unwrap() {
        if invitation.person == person {
            values.extend([invitation.addressee_name, invitation.addressee_email, invitation.message]);
        }
    }
    values
}

#[tokio::test]
async fn forgetting_a_person_blanks_them_everywhere_and_nobody_else() {
    use domain::person::PersonEvent;
    let company = a_company();
    let rita = PersonId(id(5));
    let forget = |person| {
        [said((person, PersonEvent::ForgettingStarted { reason: reason("asked for") })), said((person, PersonEvent::Forgotten {}))]
    };
    let events = [up_to_first_login(), company.offered()].concat();
    let (_folder, mut before) = directory_of(events.clone()).await;
    for person in [company.anna(), company.bert(), rita] {
        let values = personal_values(&mut before, person).await;
        assert!(values.len() >= 5 && values.iter().all(Option::is_some), "{values:?}");
    }
    let (_folder, mut after) = directory_of(events.into_iter().chain(forget(company.anna())).chain(forget(rita)).collect()).await;
    for person in [company.anna(), rita] {
        assert!(personal_values(&mut after, person).await.iter().all(Option::is_none));
    }
    assert!(personal_values(&mut after, company.bert()).await.iter().all(Option::is_some));
    let anna = user(after.rows(), company.anna()).await.unwrap().unwrap();
    assert_eq!(anna.user_id, Some(company.user_id(1).to_string()), "what is not personal stays");
}

#[tokio::test]
async fn erased_values_are_null_so_that_a_rebuild_gives_the_rows_of_the_live_one() {
    let company = a_company();
    let live = Log::of([prelude(), company.life()].concat());
    let rebuilt = Log::of([prelude(), company.life()].concat().into_iter().map(|said| erase(said, company.bert())));
    let folder = tempfile::tempdir().unwrap();
    let mut digests = Vec::new();
    for (name, log) in [("live", live), ("rebuilt", rebuilt)] {
        let mut rows =
            Standalone::create_twice(&folder.path().join(name), &TestDatabase::of_this_thread().parse().unwrap(), Directory).await.unwrap();
        rows.apply(&log.events).await.unwrap();
        digests.push(rows.digest().await.unwrap());
    }
    assert_eq!(digests[0], digests[1]);
}

/// The event as it reads once the person's key is destroyed.
fn erase(mut said: Said, person: PersonId) -> Said {
    use domain::invitation::InvitationEvent;
    fn gone<T>(value: &mut Personal<T>, person: PersonId) {
        if value.person() == person {
            *value = Personal::erased(person);
        }
    }
    #[allow(clippy::wildcard_enum_match_arm, reason = "all others hold nothing personal that this read model shows")]
    match &mut said.event {
        DomainEvent::Invitation(_, InvitationEvent::Sent { addressee, .. }) => gone(addressee, person),
        DomainEvent::User(
            _,
            UserEvent::Created { contact, .. } | UserEvent::SelfRegistered { contact, .. } | UserEvent::ProfileConfirmed { contact },
        ) => gone(contact, person),
        DomainEvent::User(_, UserEvent::Invited { email, .. }) => gone(email, person),
        DomainEvent::Staff(_, domain::staff::StaffEvent::Appointed { contact, .. }) => gone(contact, person),
        _ => {}
    }
    said
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
            let mut at_once = Standalone::create_twice(&folder.path().join("at-once"), &TestDatabase::of_this_thread().parse().unwrap(), Directory).await.unwrap();
            at_once.apply(&log.events).await.unwrap();
            let mut split = Standalone::create_twice(&folder.path().join("split"), &TestDatabase::of_this_thread().parse().unwrap(), Directory).await.unwrap();
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
