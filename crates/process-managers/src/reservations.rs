//! Unique values are given back when what they were taken for is over.

use async_trait::async_trait;
use command_handlers::Sent;
use domain::invitation::{Invitation, InvitationEvent};
use domain::registration::{Registration, RegistrationEvent};
use domain::reservation::{Reservation, ReservationCommand};
use domain::{DomainEvent, InvitationId, RegistrationId, ReservationId};
use projection_runtime::{Consumer, ConsumerError, Envelope};
use uuid::Uuid;

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "reservations";

/// Gives back unique values.
pub struct Reservations(pub Desk);

#[async_trait]
impl Consumer for Reservations {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        if let DomainEvent::Invitation(invitation, happened) = &event.event
            && is_over(happened)
        {
            return self.release_company(event, *invitation).await;
        }
        if let DomainEvent::Registration(registration, RegistrationEvent::ApprovalUndone { .. }) = &event.event {
            return self.release_identifiers(event, *registration).await;
        }
        Ok(())
    }
}

/// Whether the company can be invited anew.
fn is_over(event: &InvitationEvent) -> bool {
    match event {
        InvitationEvent::Accepted { .. }
        | InvitationEvent::OfferAccepted { .. }
        | InvitationEvent::OfferDeclined { .. }
        | InvitationEvent::Revoked { .. }
        | InvitationEvent::Expired {} => true,
        InvitationEvent::Sent { .. }
        | InvitationEvent::Resent { .. }
        | InvitationEvent::Reminded {}
        | InvitationEvent::Opened {}
        | InvitationEvent::LinkedToOrganization { .. } => false,
    }
}

impl Reservations {
    async fn release_company(&self, event: &Envelope, invitation: InvitationId) -> Result<(), ConsumerError> {
        let company = self
            .0
            .handlers
            .inspect::<Invitation, _>(invitation.0, |state, _| state.invited().map(|invited| (invited.inviter, invited.company.clone())))
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        match company.flatten() {
            Some((inviter, company)) => self.release(event, self.0.workflows.open_invitation(inviter, &company), invitation.0).await,
            None => Ok(()),
        }
    }

    async fn release_identifiers(&self, event: &Envelope, registration: RegistrationId) -> Result<(), ConsumerError> {
        let seen = self
            .0
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| {
                let case = state.case()?;
                Some((case.organization, case.dossier.profile.as_ref()?.identifiers.clone()))
            })
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        let Some((organization, identifiers)) = seen.flatten() else { return Ok(()) };
        for identifier in &identifiers {
            self.release(event, self.0.workflows.registered_identifier(identifier), organization.0).await?;
        }
        Ok(())
    }

    async fn release(&self, event: &Envelope, reservation: ReservationId, owner: Uuid) -> Result<(), ConsumerError> {
        let sent = Sent::following(event.id, NAME, &format!("release {reservation}"));
        settle(NAME, event, self.0.handlers.handle::<Reservation>(reservation.0, ReservationCommand::Release { owner }, &sent).await)?;
        Ok(())
    }
}
