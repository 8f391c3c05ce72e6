//! Invitations to organizations that are registered already (domain, part 2; J4).

use async_trait::async_trait;
use command_handlers::{CommandError, Sent};
use domain::invitation::{Invitation, InvitationEvent};
use domain::registration::RegistrationEvent;
use domain::relationship::{Relationship, RelationshipCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::{DomainEvent, InvitationId, OrganizationId, Owner, RelationshipId, SubscriptionId};
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "offers";

/// Subscribes the organization that accepted an offer; turns the invitation of a linked case into an offer; begins the registration
/// of an accepted invitation if a crash came between the two.
pub struct Offers(pub Desk);

#[async_trait]
impl Consumer for Offers {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        if let DomainEvent::Invitation(invitation, happened) = &event.event {
            return match happened {
                InvitationEvent::OfferAccepted { organization } => self.subscribe(event, *invitation, *organization).await,
                InvitationEvent::Accepted { .. } => self.start(event, *invitation).await,
                InvitationEvent::Sent { .. }
                | InvitationEvent::Resent { .. }
                | InvitationEvent::Reminded {}
                | InvitationEvent::Opened {}
                | InvitationEvent::LinkedToOrganization { .. }
                | InvitationEvent::OfferDeclined { .. }
                | InvitationEvent::Revoked { .. }
                | InvitationEvent::Expired {} => Ok(()),
            };
        }
        if let DomainEvent::Registration(_, RegistrationEvent::LinkedToOrganization { organization, invitation: Some(invitation), .. }) =
            &event.event
        {
            let sent = Sent::following(event.id, NAME, "link");
            settle(NAME, event, self.0.workflows.link_invitation(*invitation, *organization, &sent).await)?;
        }
        Ok(())
    }
}

impl Offers {
    /// Begins the registration of an accepted invitation, unless whoever accepted it has done so.
    async fn start(&self, event: &Envelope, invitation: InvitationId) -> Result<(), ConsumerError> {
        match self.0.workflows.start_accepted(invitation, &Sent::following(event.id, NAME, "start")).await {
            Ok(()) => Ok(()),
            Err(CommandError::Unavailable(cause)) => Err(ConsumerError::Later(cause.to_string())),
            Err(CommandError::Internal(cause)) => Err(ConsumerError::Stop(cause.to_string())),
            Err(error @ (CommandError::Rejected(_) | CommandError::Taken(_) | CommandError::IdReused | CommandError::Erased)) => {
                tracing::warn!(%invitation, reason = %error, "the registration of an accepted invitation could not be begun");
                Ok(())
            }
        }
    }

    async fn subscribe(&self, event: &Envelope, invitation: InvitationId, organization: OrganizationId) -> Result<(), ConsumerError> {
        let invited = self
            .0
            .handlers
            .inspect::<Invitation, _>(invitation.0, |state, _| {
                state.invited().map(|invited| (invited.inviter, invited.applications.clone()))
            })
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        let Some((inviter, applications)) = invited.flatten() else {
            return Err(ConsumerError::Stop(format!("the accepted invitation {invitation} is not there")));
        };
        for application in applications {
            if self.0.is_retired(application).await? {
                tracing::info!(%organization, %application, "the application was retired before the offer was accepted: it is not subscribed to");
                continue;
            }
            let origin = SubscriptionOrigin::Invitation(invitation);
            let command = SubscriptionCommand::SubscribeApp { organization, application, origin, needs_review: false };
            let sent = Sent::following(event.id, NAME, &format!("subscription {application}"));
            let id = SubscriptionId::of(organization, application);
            settle(NAME, event, self.0.handlers.handle::<Subscription>(id.0, command, &sent).await)?;
        }
        if let Owner::Partner(partner) = inviter {
            let command = RelationshipCommand::EstablishRelationship { organization, partner };
            let sent = Sent::following(event.id, NAME, "relationship");
            let id = RelationshipId::of(organization, partner);
            settle(NAME, event, self.0.handlers.handle::<Relationship>(id.0, command, &sent).await)?;
        }
        Ok(())
    }
}
