//! Partners and the organizations that are subscribed to their applications.

use domain::application::{Application, ApplicationCommand};
use domain::relationship::{Relationship, RelationshipCommand, RelationshipState};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::{reason, text};
use domain::{ApplicationCode, ApplicationId, OrganizationId, Owner, RelationshipId, SubscriptionId};

use super::world::World;

const PARTNER: OrganizationId = OrganizationId(uuid::Uuid::from_u128(0xa));
const SUPPLIER: OrganizationId = OrganizationId(uuid::Uuid::from_u128(0xb));

impl World {
    async fn publish_of_partner(&self) -> ApplicationId {
        let application = ApplicationId(self.fresh());
        let code = text(ApplicationCode::parse, "PARTS");
        let publish = ApplicationCommand::PublishApplication { code, owner: Owner::Partner(PARTNER), details: Self::details("PARTS") };
        self.ask::<Application>(application.0, publish).await;
        application
    }

    async fn subscribe_from_inside(&self, organization: OrganizationId, application: ApplicationId) {
        let origin = SubscriptionOrigin::Account;
        let subscribe = SubscriptionCommand::SubscribeApp { organization, application, origin, needs_review: false };
        self.ask::<Subscription>(SubscriptionId::of(organization, application).0, subscribe).await;
    }

    async fn relationship(&self) -> RelationshipState {
        self.state::<Relationship>(RelationshipId::of(SUPPLIER, PARTNER).0).await
    }

    async fn end_relationship(&self) {
        let end = RelationshipCommand::EndRelationship { reason: reason("No orders for years.") };
        self.ask::<Relationship>(RelationshipId::of(SUPPLIER, PARTNER).0, end).await;
    }
}

#[tokio::test]
async fn whoever_subscribes_to_a_partner_s_application_from_inside_their_account_has_a_relationship_that_the_partner_can_end() {
    let world = World::new();
    let application = world.publish_of_partner().await;
    world.subscribe_from_inside(SUPPLIER, application).await;
    world.settle().await;
    assert!(matches!(world.relationship().await, RelationshipState::Established(_)));
    world.end_relationship().await;
    assert!(matches!(world.relationship().await, RelationshipState::Ended(_)));
}

#[tokio::test]
async fn a_relationship_that_was_ended_stays_ended_when_old_events_come_again_and_begins_anew_with_another_subscription() {
    let world = World::new();
    let application = world.publish_of_partner().await;
    // Established by an invitation before, so that the subscription made no difference at first.
    let establish = RelationshipCommand::EstablishRelationship { organization: SUPPLIER, partner: PARTNER };
    world.ask::<Relationship>(RelationshipId::of(SUPPLIER, PARTNER).0, establish).await;
    world.subscribe_from_inside(SUPPLIER, application).await;
    world.settle().await;
    world.end_relationship().await;
    world.settle().await;
    assert!(matches!(world.relationship().await, RelationshipState::Ended(_)));
    let end = SubscriptionCommand::EndSubscription { reason: reason("Not needed.") };
    world.ask::<Subscription>(SubscriptionId::of(SUPPLIER, application).0, end).await;
    world.subscribe_from_inside(SUPPLIER, application).await;
    world.settle().await;
    assert!(matches!(world.relationship().await, RelationshipState::Established(_)));
}

#[tokio::test]
async fn nobody_has_a_relationship_with_themselves_or_with_the_operator() {
    let world = World::new();
    let (own, operators) = (world.publish_of_partner().await, world.publish("SFT").await);
    world.subscribe_from_inside(PARTNER, own).await;
    world.subscribe_from_inside(SUPPLIER, operators).await;
    world.settle().await;
    assert_eq!(world.count("relationship.established.v1").await, 0);
}
