//! Cases come into the queue, move in it and leave it.

mod common;

use common::*;
use domain::registration::RegistrationEvent;
use domain::{Country, OrganizationId, Owner};
use review_queue::{Counts, Cursor, Filter, QueueState};
use uuid::Uuid;

#[tokio::test]
async fn a_submitted_case_is_in_the_queue_with_what_a_reviewer_needs_to_choose() {
    let mut queue = Queue::new().await;
    let mut begun = started(7, vec![requested(2, false), requested(1, true)]);
    let partner = Owner::Partner(OrganizationId(Uuid::from_u128(99)));
    if let RegistrationEvent::Started { origin, .. } = &mut begun {
        let invitation = domain::InvitationId(Uuid::from_u128(5));
        *origin = domain::registration::Origin::Invitation { invitation, inviter: partner };
    }
    queue.say(case(7), vec![begun, profile("Acme Ltd", "US")]).await;
    assert_eq!(queue.get(7).await, None, "a case that is filled in is not in the queue");
    queue.say(case(7), vec![profile("Acme Holding", "DE"), submitted(5_000)]).await;
    let row = queue.get(7).await.unwrap();
    assert_eq!(row.state, QueueState::Submitted);
    assert_eq!((row.company.as_deref(), row.country.as_deref()), (Some("Acme Holding"), Some("DE")));
    assert_eq!(row.applications.0, [application(1), application(2)]);
    assert_eq!(row.inviter.unwrap().0, partner);
    assert_eq!((row.submitted_at, row.due_at), (Some(at(4)), Some(at(5_000))));
    assert_eq!((row.dossier_version, row.has_risk, row.needs_two_people), (3, false, true));
}

#[tokio::test]
async fn a_claimed_case_names_its_reviewer_until_it_is_released() {
    let mut queue = Queue::new().await;
    queue.submit(1, 5_000).await;
    queue.say(case(1), vec![claimed(8, 60)]).await;
    let row = queue.get(1).await.unwrap();
    assert_eq!((row.state, row.claimed_by, row.claimed_until), (QueueState::InReview, Some(staff(8)), Some(at(60))));
    assert!(row.is_claimed(at(59)) && !row.is_claimed(at(60)), "a claim runs out by itself");
    queue.say(case(1), vec![released(8)]).await;
    let row = queue.get(1).await.unwrap();
    assert_eq!((row.state, row.claimed_by, row.claimed_until), (QueueState::Submitted, None, None));
}

#[tokio::test]
async fn while_information_is_awaited_the_clock_stands_and_the_case_comes_last() {
    let mut queue = Queue::new().await;
    queue.submit(1, 5_000).await;
    queue.submit(2, 9_000).await;
    queue.say(case(1), vec![claimed(8, 60), asked()]).await;
    let row = queue.get(1).await.unwrap();
    assert_eq!(
        (row.state, row.due_at, row.business_seconds_left, row.claimed_by),
        (QueueState::InformationRequested, None, Some(4_000), None)
    );
    assert_eq!(queue.find(Filter::default()).await, [2, 1]);
    queue.say(case(1), vec![resubmitted(4, 7_000)]).await;
    let row = queue.get(1).await.unwrap();
    assert_eq!((row.state, row.due_at, row.business_seconds_left, row.dossier_version), (QueueState::Submitted, Some(at(7_000)), None, 4));
    assert_eq!(row.submitted_at, Some(at(3)), "the first submission counts");
    assert_eq!(queue.find(Filter::default()).await, [1, 2]);
}

#[tokio::test]
async fn a_first_approval_waits_for_a_second_person_on_the_same_dossier_only() {
    let mut queue = Queue::new().await;
    queue.submit(1, 5_000).await;
    queue.say(case(1), vec![RegistrationEvent::RiskRaised { signal: reason() }, claimed(8, 60), proposed(8, 3), released(8)]).await;
    let row = queue.get(1).await.unwrap();
    assert_eq!((row.state, row.first_approver), (QueueState::AwaitingSecondApproval, Some(staff(8))));
    assert!(row.has_risk && row.needs_two_people);
    queue.say(case(1), vec![claimed(9, 80), asked(), resubmitted(4, 7_000)]).await;
    assert_eq!(queue.get(1).await.unwrap().state, QueueState::Submitted, "on another dossier it counts for nothing");
}

#[tokio::test]
async fn a_decided_case_leaves_the_queue_and_comes_back_whole_when_the_decision_is_taken_back() {
    let mut queue = Queue::new().await;
    queue.submit(1, 5_000).await;
    queue.submit(2, 6_000).await;
    let before = queue.get(1).await.unwrap();
    queue.say(case(1), vec![claimed(8, 60), approved()]).await;
    queue.say(case(2), vec![claimed(8, 60), rejected()]).await;
    assert_eq!(queue.find(Filter::default()).await, Vec::<u128>::new());
    assert_eq!(queue.find(Filter { application: Some(application(1)), ..Filter::default() }).await, Vec::<u128>::new());
    assert_eq!(queue.counts(9_999).await, Counts::default());

    queue.say(case(1), vec![RegistrationEvent::ApprovalUndone { reviewer: staff(8), reason: reason(), due: due(5_000) }]).await;
    queue.say(case(2), vec![RegistrationEvent::Reopened { reviewer: staff(8), reason: reason(), due: due(8_000) }]).await;
    assert_eq!(queue.get(1).await.unwrap(), before);
    assert_eq!(queue.find(Filter { application: Some(application(1)), ..Filter::default() }).await, [1, 2]);
}

#[tokio::test]
async fn a_finished_case_leaves_nothing_behind() {
    let empty = Queue::new().await.view.digest().await.unwrap();
    let endings = [
        vec![RegistrationEvent::Withdrawn { reason: None }],
        vec![RegistrationEvent::Expired {}],
        vec![approved(), took_effect()],
        vec![RegistrationEvent::LinkedToOrganization {
            reviewer: staff(1),
            organization: OrganizationId(Uuid::from_u128(1)),
            invitation: None,
            reason: reason(),
        }],
    ];
    for ending in endings {
        let mut queue = Queue::new().await;
        queue.submit(1, 5_000).await;
        queue.say(case(1), ending.clone()).await;
        assert_eq!(queue.view.digest().await.unwrap(), empty, "{ending:?}");

        let mut at_once = Queue::new().await;
        let mut events = vec![started(1, vec![requested(1, false)]), profile("Acme", "US"), submitted(5_000)];
        events.extend(ending.clone());
        at_once.say(case(1), events).await;
        assert_eq!(at_once.view.digest().await.unwrap(), empty, "in one batch: {ending:?}");
    }
}

#[tokio::test]
async fn a_moved_due_instant_moves_the_case() {
    let mut queue = Queue::new().await;
    queue.submit(1, 5_000).await;
    queue.submit(2, 6_000).await;
    queue.say(case(1), vec![RegistrationEvent::DueMoved { due: due(7_000) }]).await;
    assert_eq!(queue.find(Filter::default()).await, [2, 1]);
    assert_eq!(queue.find(Filter { application: Some(application(1)), ..Filter::default() }).await, [2, 1]);
}

#[tokio::test]
async fn each_filter_finds_its_cases_in_the_order_of_the_queue() {
    let mut queue = Queue::new().await;
    let applications = |number: u128| vec![requested(number % 2, false)];
    for (number, company, country) in [(1, "Acme Ltd", "US"), (2, "Müller 100% GmbH", "DE"), (3, "Acme GmbH", "DE"), (4, "Zenith", "US")] {
        let due = 9_000 - i64::try_from(number).unwrap() * 1_000;
        queue.say(case(number), vec![started(number, applications(number)), profile(company, country), submitted(due)]).await;
    }
    queue.say(case(3), vec![claimed(8, 60)]).await;
    let all = Filter::default;
    assert_eq!(queue.find(all()).await, [4, 3, 2, 1]);
    assert_eq!(queue.find(Filter { state: Some(QueueState::InReview), ..all() }).await, [3]);
    assert_eq!(queue.find(Filter { claimed_by: Some(staff(8)), ..all() }).await, [3]);
    assert_eq!(queue.find(Filter { application: Some(application(0)), ..all() }).await, [4, 2]);
    assert_eq!(queue.find(Filter { country: Some(Country::parse("DE").unwrap()), ..all() }).await, [3, 2]);
    assert_eq!(queue.find(Filter { due_before: Some(at(7_000)), ..all() }).await, [4, 3]);
    assert_eq!(queue.find(Filter { due_before: Some(at(7_001)), application: Some(application(0)), ..all() }).await, [4, 2]);
    assert_eq!(queue.find(Filter { text: Some("ACME".to_owned()), ..all() }).await, [3, 1]);
    for (text, found) in [
        (" müller 100% ", vec![2]),
        ("MULL gm", vec![2]),
        ("gm", vec![3, 2]),
        ("ller", vec![]),
        ("zenith acme", vec![]),
        ("%", vec![4, 3, 2, 1]),
        ("gh-00000004", vec![4]),
        ("0000000", vec![4, 3, 2, 1]),
    ] {
        assert_eq!(queue.find(Filter { text: Some(text.to_owned()), ..all() }).await, found, "{text}");
    }
    let of_application = Filter { text: Some("acme".to_owned()), application: Some(application(1)), ..all() };
    assert_eq!(queue.find(of_application).await, [3, 1]);
    let none = Filter { text: Some("acme".to_owned()), application: Some(application(0)), ..all() };
    assert_eq!(queue.find(none).await, Vec::<u128>::new());
    let narrow = Filter { text: Some("acme".to_owned()), country: Some(Country::parse("US").unwrap()), ..all() };
    assert_eq!(queue.find(narrow).await, [1]);
    let counts = queue.counts(6_500).await;
    assert_eq!(counts, Counts { submitted: 3, in_review: 1, information_requested: 0, awaiting_second_approval: 0, overdue: 2 });
}

#[tokio::test]
async fn frequent_words_are_found_along_the_queue_and_rare_ones_by_themselves_with_the_same_answer() {
    let mut queue = Queue::new().await;
    // More than are looked up by a word.
    for number in 1..=2_100_u128 {
        let company = if number.is_multiple_of(700) { format!("Aerospace Rare {number}") } else { format!("Aerospace {number}") };
        let due = 100_000 - i64::try_from(number).unwrap();
        queue.say(case(number), vec![started(number, vec![requested(1, false)]), profile(&company, "US"), submitted(due)]).await;
    }
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    assert_eq!(queue.find(text("aerospace rare")).await, [2_100, 1_400, 700]);
    assert_eq!(queue.find(text("rare")).await, [2_100, 1_400, 700]);
    let expected: Vec<u128> = (1_101..=2_100).rev().collect();
    assert!(queue.find(text("aero")).await == expected && queue.find(text("aerospace")).await == expected, "the first thousand");
    let first = queue.page(&text("aerospace"), None, 1_000).await;
    let second = queue.page(&text("aerospace"), first.next, 2_000).await;
    assert_eq!((first.cases.len(), second.cases.len(), second.next), (1_000, 1_100, None));
    let rest = queue.page(&text("rare"), Some(Cursor { due_order: second.cases[0].due_order, number: 0 }), 10).await;
    assert_eq!(rest.cases.len(), 1);
}

#[test]
fn a_cursor_is_read_back_and_anything_else_is_refused() {
    let cursor = Cursor { due_order: -5, number: 9 };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    for wrong in ["", "5", "x.y", "5.", "5.-1"] {
        assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
    }
}
