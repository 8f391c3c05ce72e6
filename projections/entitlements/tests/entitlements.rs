//! Events in, rows out.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

#[path = "../../directory/tests/log/mod.rs"]
mod log;

use domain::access::AccessEvent;
use domain::invitation::InvitationEvent;
use domain::relationship::RelationshipEvent;
use domain::subscription::{SubscriptionEvent, SubscriptionOrigin};
use domain::*;
use entitlements::*;
use log::{Company, Log, Said, identity, interleave, partner, prelude, reason, said, transfer};
use projection_runtime::{Position, Standalone};
use proptest::prelude::*;
use test_support::servers::TestDatabase;

async fn entitlements_of(events: Vec<Said>) -> (tempfile::TempDir, Standalone<Entitlements>) {
    let folder = tempfile::tempdir().unwrap();
    let mut standalone =
        Standalone::create_twice(&folder.path().join("rows"), &TestDatabase::of_this_thread().parse().unwrap(), Entitlements)
            .await
            .unwrap();
    standalone.apply(&Log::of([prelude(), events].concat()).events).await.unwrap();
    (folder, standalone)
}

fn a_company() -> Company {
    Company::new(7)
}

fn subscribed() -> SubscriptionEvent {
    let (organization, application) = (a_company().organization(), transfer());
    SubscriptionEvent::Activated { organization, application, origin: SubscriptionOrigin::Account }
}

fn of_subscription(event: SubscriptionEvent) -> Said {
    said((SubscriptionId::of(a_company().organization(), transfer()), event))
}

#[tokio::test]
async fn a_subscription_follows_its_events_and_says_what_led_to_it_and_why_it_ended() {
    let company = a_company();
    let (organization, application) = (company.organization(), transfer());
    let origin = SubscriptionOrigin::Invitation(company.declined_offer());
    let requested = of_subscription(SubscriptionEvent::Requested { organization, application, origin });
    let denied = of_subscription(SubscriptionEvent::Denied { organization, application, reason: reason("no contract") });
    let ended = of_subscription(SubscriptionEvent::Ended { organization, application, reason: reason("moved on") });
    let steps = [
        (requested.clone(), SubscriptionState::Requested, None),
        (denied, SubscriptionState::Denied, Some("no contract")),
        (requested, SubscriptionState::Requested, None),
        (of_subscription(subscribed()), SubscriptionState::Active, None),
        (ended, SubscriptionState::Ended, Some("moved on")),
    ];
    let mut events = Vec::new();
    for (event, state, why) in steps {
        events.push(event);
        let (_folder, mut rows) = entitlements_of(events.clone()).await;
        let found = subscription(rows.rows(), organization, application).await.unwrap().unwrap();
        assert_eq!((found.state, found.reason.as_deref()), (state, why));
        assert_eq!(found.since, log::recorded_at(u64::try_from(events.len() + prelude().len()).unwrap()));
    }
}

#[tokio::test]
async fn subscriptions_are_found_by_organization_application_and_owner() {
    let lives = (0..5).map(|number| Company::new(number).onboarded()).collect();
    let (_folder, mut rows) = entitlements_of(interleave(lives, &[0])).await;
    let conn = rows.rows();
    assert_eq!(subscriptions_of(conn, Company::new(2).organization()).await.unwrap().len(), 1);
    let first = subscriptions_to(conn, transfer(), Some(SubscriptionState::Active), None, 3).await.unwrap();
    let rest = subscriptions_to(conn, transfer(), None, first.last().map(|row| row.organization), 3).await.unwrap();
    let paged: Vec<_> = first.into_iter().chain(rest).collect();
    assert_eq!(
        paged.iter().map(|row| row.organization).collect::<Vec<_>>(),
        (0..5).map(|n| Company::new(n).organization()).collect::<Vec<_>>()
    );
    let owner = Owner::Partner(partner());
    assert_eq!(subscriptions_of_owner(conn, owner, None, None, 10).await.unwrap(), paged);
    let after = Some((transfer(), paged[1].organization));
    assert_eq!(subscriptions_of_owner(conn, owner, Some(SubscriptionState::Active), after, 10).await.unwrap(), paged[2..]);
    assert_eq!(subscriptions_of_owner(conn, Owner::Operator, None, None, 10).await.unwrap(), []);
    assert_eq!(subscriptions_to(conn, identity(), None, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn access_that_is_asked_for_waits_until_it_is_decided() {
    let company = a_company();
    let (user, organization, application) = (company.cleo(), company.organization(), transfer());
    let asked = company.access(AccessEvent::Requested {
        user,
        organization,
        application,
        proposed_by: Some(company.anna()),
        reason: Some(reason("a project")),
    });
    let denied =
        company.access(AccessEvent::Denied { user, organization, application, denied_by: company.bert(), reason: reason("not yet") });

    let (_folder, mut rows) = entitlements_of(vec![asked.clone()]).await;
    let conn = rows.rows();
    let waiting = access_requests(conn, organization, Some(application), None, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].person, waiting[0].proposed_by), (user, Some(company.anna())));
    assert_eq!(waiting[0].requested_because.as_deref(), Some("a project"));
    let last = waiting[0].requested_position.map(Position);
    assert_eq!(access_requests(conn, organization, None, last, 10).await.unwrap(), [], "the page after the last one is empty");
    assert_eq!(access_requests(conn, organization, Some(identity()), None, 10).await.unwrap(), []);

    let (_folder, mut rows) = entitlements_of(vec![asked, denied]).await;
    let conn = rows.rows();
    assert_eq!(access_requests(conn, organization, None, None, 10).await.unwrap(), []);
    let decided = access(conn, user, application).await.unwrap().unwrap();
    assert_eq!(
        (decided.state, decided.decided_by, decided.reason.as_deref()),
        (AccessState::Denied, Some(company.bert()), Some("not yet"))
    );
    assert_eq!(access_to(conn, organization, application, Some(AccessState::Denied), None, 10).await.unwrap(), [decided]);
}

#[tokio::test]
async fn home_opens_an_application_only_while_the_subscription_is_active_and_access_is_granted() {
    let company = a_company();
    let (user, organization, application) = (company.cleo(), company.organization(), transfer());
    let granted = company.access(AccessEvent::Granted { user, organization, application, granted_by: None, reason: None });
    let revoked =
        company.access(AccessEvent::Revoked { user, organization, application, revoked_by: None, reason: reason("account suspended") });
    let ended = of_subscription(SubscriptionEvent::Ended { organization, application, reason: reason("over") });
    let cases = [
        (vec![of_subscription(subscribed())], false, true),
        (vec![of_subscription(subscribed()), granted.clone()], true, false),
        (vec![of_subscription(subscribed()), granted.clone(), revoked], false, true),
        (vec![of_subscription(subscribed()), granted, ended], false, false),
    ];
    for (events, can_open, can_ask) in cases {
        let (_folder, mut rows) = entitlements_of(events).await;
        let shown = home(rows.rows(), user, organization).await.unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!((shown[0].application, shown[0].can_open, shown[0].can_ask), (application, can_open, can_ask));
    }
}

async fn standing(events: Vec<Said>) -> Option<RelationshipState> {
    let (_folder, mut rows) = entitlements_of(events).await;
    relationship(rows.rows(), a_company().organization(), partner()).await.unwrap().map(|row| row.state)
}

#[tokio::test]
async fn a_relationship_goes_from_invited_over_registered_and_subscribed_to_ended() {
    let company = a_company();
    let organization = company.organization();
    let offer = company.sent(company.declined_offer(), company.anna(), Some(organization));
    let accepted = said((company.declined_offer(), InvitationEvent::OfferAccepted { organization }));
    let relationship = |event| said((RelationshipId::of(organization, partner()), event));
    let established = relationship(RelationshipEvent::Established { organization, partner: partner() });
    let over = relationship(RelationshipEvent::Ended { organization, partner: partner(), reason: reason("over") });
    let unsubscribed = of_subscription(SubscriptionEvent::Ended { organization, application: transfer(), reason: reason("over") });

    let mut events = vec![offer];
    assert_eq!(standing(events.clone()).await, Some(RelationshipState::Invited));
    events.extend([accepted, established]);
    assert_eq!(standing(events.clone()).await, Some(RelationshipState::Registered));
    events.push(of_subscription(subscribed()));
    assert_eq!(standing(events.clone()).await, Some(RelationshipState::Subscribed));
    events.push(unsubscribed);
    assert_eq!(standing(events.clone()).await, Some(RelationshipState::Registered));
    events.push(over);
    assert_eq!(standing(events.clone()).await, Some(RelationshipState::Ended));
    events.push(company.sent(company.late_offer(), company.anna(), Some(organization)));
    assert_eq!(standing(events).await, Some(RelationshipState::Invited), "a new offer begins it anew");
}

#[tokio::test]
async fn an_offer_that_comes_to_nothing_leaves_no_relationship_standing() {
    let company = a_company();
    let organization = company.organization();
    let offer = company.sent(company.declined_offer(), company.anna(), Some(organization));
    let ends = [
        InvitationEvent::OfferDeclined { organization, reason: None },
        InvitationEvent::Revoked { reason: None },
        InvitationEvent::Expired {},
    ];
    for end in ends {
        let events = vec![offer.clone(), said((company.declined_offer(), end))];
        assert_eq!(standing(events).await, Some(RelationshipState::Ended));
    }
}

#[tokio::test]
async fn an_invitation_that_is_no_offer_makes_no_relationship_until_it_is_linked() {
    let company = a_company();
    let organization = company.organization();
    assert_eq!(standing(company.invited()).await, None);
    let linked = InvitationEvent::LinkedToOrganization { organization, expires_at: log::recorded_at(9_000) };
    let events = [company.invited(), vec![said((company.invitation(), linked))]].concat();
    assert_eq!(standing(events).await, Some(RelationshipState::Invited));
}

#[tokio::test]
async fn the_operators_applications_make_no_relationship() {
    let organization = a_company().organization();
    let event = SubscriptionEvent::Activated { organization, application: identity(), origin: SubscriptionOrigin::Account };
    let (_folder, mut rows) = entitlements_of(vec![said((SubscriptionId::of(organization, identity()), event))]).await;
    assert_eq!(relationships_of_organization(rows.rows(), organization, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn relationships_are_paged_by_partner_and_by_organization() {
    let lives = (0..4).map(|number| Company::new(number).onboarded()).collect();
    let (_folder, mut rows) = entitlements_of(interleave(lives, &[2, 1])).await;
    let conn = rows.rows();
    let state = Some(RelationshipState::Subscribed);
    let first = relationships_of_partner(conn, partner(), state, None, 3).await.unwrap();
    let rest = relationships_of_partner(conn, partner(), state, first.last().map(|row| row.organization), 3).await.unwrap();
    assert_eq!((first.len(), rest.len()), (3, 1));
    assert_eq!(relationships_of_partner(conn, partner(), Some(RelationshipState::Ended), None, 3).await.unwrap(), []);
    assert_eq!(relationships_of_organization(conn, first[0].organization, None, 10).await.unwrap(), first[..1]);
    assert_eq!(relationships_of_organization(conn, first[0].organization, Some(partner()), 10).await.unwrap(), []);
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
            let mut at_once = Standalone::create_twice(&folder.path().join("at-once"), &TestDatabase::of_this_thread().parse().unwrap(), Entitlements).await.unwrap();
            at_once.apply(&log.events).await.unwrap();
            let mut split = Standalone::create_twice(&folder.path().join("split"), &TestDatabase::of_this_thread().parse().unwrap(), Entitlements).await.unwrap();
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
