//! A partner has a relationship with every organization that is subscribed to one of its applications, however it came (domain, part 2):
//! invited, by public registration, or from inside its account.

use async_trait::async_trait;
use command_handlers::Sent;
use domain::application::Application;
use domain::relationship::{Relationship, RelationshipCommand, RelationshipState};
use domain::subscription::SubscriptionEvent;
use domain::{Aggregate, ApplicationId, DomainEvent, OrganizationId, Owner, RelationshipId};
use projection_runtime::{Consumer, ConsumerError, Direction, Envelope, StreamId};

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "relationships";

/// Establishes the relationship of an organization with the partner whose application it is subscribed to.
pub struct Relationships(pub Desk);

#[async_trait]
impl Consumer for Relationships {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let DomainEvent::Subscription(_, SubscriptionEvent::Activated { organization, application, .. }) = &event.event else {
            return Ok(());
        };
        match self.owner(*application).await? {
            Some(Owner::Partner(partner)) if partner != *organization => self.establish(event, *organization, partner).await,
            Some(Owner::Partner(_) | Owner::Operator) | None => Ok(()),
        }
    }
}

fn later(error: impl std::fmt::Display) -> ConsumerError {
    ConsumerError::Later(error.to_string())
}

impl Relationships {
    async fn owner(&self, application: ApplicationId) -> Result<Option<Owner>, ConsumerError> {
        let owner = self.0.handlers.inspect::<Application, _>(application.0, |state, _| state.published().map(|published| published.owner));
        Ok(owner.await.map_err(later)?.flatten())
    }

    async fn establish(&self, event: &Envelope, organization: OrganizationId, partner: OrganizationId) -> Result<(), ConsumerError> {
        let id = RelationshipId::of(organization, partner);
        if self.ended_since(event, id).await? {
            return Ok(());
        }
        let command = RelationshipCommand::EstablishRelationship { organization, partner };
        let sent = Sent::following(event.id, NAME, "establish");
        settle(NAME, event, self.0.handlers.handle::<Relationship>(id.0, command, &sent).await)?;
        Ok(())
    }

    /// Whether the partner ended it after this event, which comes again after a restore.
    async fn ended_since(&self, event: &Envelope, id: RelationshipId) -> Result<bool, ConsumerError> {
        let ended = self
            .0
            .handlers
            .inspect::<Relationship, _>(id.0, |state, version| matches!(state, RelationshipState::Ended(_)).then_some(version))
            .await
            .map_err(later)?;
        let Some(version) = ended.flatten() else { return Ok(false) };
        let stream = StreamId::new(Relationship::CATEGORY, id.0);
        let last = self.0.handlers.store().read_stream(&stream, version, Direction::Backwards, 1).await.map_err(later)?;
        Ok(last.first().is_some_and(|last| last.position > event.position))
    }
}
