use domain::InvitationId;
use domain::RejectionKind::{Conflict, Forbidden, NotFound};
use domain::registration::{Affiliation, Reviewer};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionEvent, SubscriptionOrigin};
use domain::testing::{Scenario, given, reason, uuid};

use crate::cases::{application, organization, reviewer};

fn subscribe(needs_review: bool) -> SubscriptionCommand {
    SubscriptionCommand::SubscribeApp {
        organization: organization(2),
        application: application(1),
        origin: SubscriptionOrigin::Account,
        needs_review,
    }
}

fn deny() -> SubscriptionCommand {
    SubscriptionCommand::DenySubscription { reviewer: None, reason: reason("Not a supplier") }
}

fn end() -> SubscriptionCommand {
    SubscriptionCommand::EndSubscription { reason: reason("Contract ended") }
}

fn requested() -> SubscriptionEvent {
    SubscriptionEvent::Requested { organization: organization(2), application: application(1), origin: SubscriptionOrigin::Account }
}

fn activated() -> SubscriptionEvent {
    SubscriptionEvent::Activated { organization: organization(2), application: application(1), origin: SubscriptionOrigin::Account }
}

fn denied() -> SubscriptionEvent {
    SubscriptionEvent::Denied { organization: organization(2), application: application(1), reason: reason("Not a supplier") }
}

fn ended() -> SubscriptionEvent {
    SubscriptionEvent::Ended { organization: organization(2), application: application(1), reason: reason("Contract ended") }
}

fn after(events: impl IntoIterator<Item = SubscriptionEvent>) -> Scenario<Subscription> {
    given::<Subscription>(events)
}

#[test]
fn an_organization_is_subscribed_at_once_where_no_review_is_needed() {
    let subscribed = after([]).when(subscribe(false)).then_events([activated()]);
    assert!(subscribed.state().is_active());
    subscribed.clone().when(subscribe(false)).then_nothing();
    subscribed.when(subscribe(true)).then_nothing();
}

#[test]
fn a_subscription_that_needs_review_waits_for_it() {
    let waiting = after([]).when(subscribe(true)).then_events([requested()]);
    assert!(!waiting.state().is_active());
    waiting.clone().when(subscribe(true)).then_nothing();
    let approved = waiting.when(SubscriptionCommand::ApproveSubscription { reviewer: None }).then_events([activated()]);
    approved.when(SubscriptionCommand::ApproveSubscription { reviewer: None }).then_nothing();
}

#[test]
fn an_accepted_offer_settles_what_waits_for_review() {
    let origin = SubscriptionOrigin::Invitation(InvitationId(uuid(5)));
    let offer =
        SubscriptionCommand::SubscribeApp { organization: organization(2), application: application(1), origin, needs_review: false };
    let by_offer = SubscriptionEvent::Activated { organization: organization(2), application: application(1), origin };
    after([requested()]).when(offer).then_events([by_offer]);
}

#[test]
fn a_subscription_that_was_denied_or_ended_can_be_asked_for_again() {
    for before in [after([requested(), denied()]), after([activated(), ended()])] {
        before.clone().when(subscribe(true)).then_events([requested()]);
        before.when(subscribe(false)).then_events([activated()]);
    }
}

#[test]
fn what_was_asked_for_is_denied_once() {
    let refused = after([requested()]).when(deny()).then_events([denied()]);
    refused.clone().when(deny()).then_nothing();
    refused.clone().when(SubscriptionCommand::ApproveSubscription { reviewer: None }).then_refused(Conflict, "subscription-not-requested");
    refused.when(end()).then_refused(Conflict, "subscription-not-active");
}

#[test]
fn an_active_subscription_is_not_denied_but_ended_once() {
    after([activated()]).when(deny()).then_refused(Conflict, "subscription-not-requested");
    let over = after([activated()]).when(end()).then_events([ended()]);
    over.clone().when(end()).then_nothing();
    over.clone().when(deny()).then_refused(Conflict, "subscription-not-requested");
    over.when(SubscriptionCommand::ApproveSubscription { reviewer: None }).then_refused(Conflict, "subscription-not-requested");
}

#[test]
fn what_waits_for_review_can_end_as_well() {
    after([requested()]).when(end()).then_events([ended()]);
}

#[test]
fn nothing_is_decided_that_nobody_asked_for() {
    for command in [SubscriptionCommand::ApproveSubscription { reviewer: None }, deny(), end()] {
        after([]).when(command).then_refused(NotFound, "subscription-not-found");
    }
}

#[test]
fn nobody_of_the_staff_decides_on_a_subscription_of_an_organization_that_they_belong_to() {
    let belonging = |number| Some(Reviewer { affiliations: vec![Affiliation::Organization(organization(number))], ..reviewer(1) });
    let approve = |reviewer| SubscriptionCommand::ApproveSubscription { reviewer };
    let deny = |reviewer| SubscriptionCommand::DenySubscription { reviewer, reason: reason("Not a supplier") };
    for command in [approve(belonging(2)), deny(belonging(2))] {
        after([requested()]).when(command).then_refused(Forbidden, "reviewer-involved");
    }
    after([requested()]).when(approve(belonging(3))).then_events([activated()]);
    after([requested()]).when(deny(belonging(3))).then_events([denied()]);
}
