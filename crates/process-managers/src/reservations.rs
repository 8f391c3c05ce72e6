//! Unique values are given back when what they were taken for is over.
//!
//! The event that ended it may be long ago when it is handled, and its owner open again since (an expired invitation resent, an
//! undone approval approved): what counts is how things are now, looked at before and after giving back.

use async_trait::async_trait;
use command_handlers::Sent;
use domain::invitation::{Invitation, InvitationEvent, InvitationState};
use domain::registration::{Registration, RegistrationEvent, Stage};
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::{DomainEvent, InvitationId, OrganizationId, RegisteredIdentifier, RegistrationId, ReservationId};
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
        if let DomainEvent::Registration(registration, happened) = &event.event
            && is_not_approved(happened)
        {
            return self.release_identifiers(event, *registration).await;
        }
        Ok(())
    }
}

/// Whether a case ends, or is opened again, without an approval: an approval that was cut off, or refused in the last instant, may
/// have taken its identifiers.
fn is_not_approved(event: &RegistrationEvent) -> bool {
    matches!(
        event,
        RegistrationEvent::ApprovalUndone { .. }
            | RegistrationEvent::Rejected { .. }
            | RegistrationEvent::LinkedToOrganization { .. }
            | RegistrationEvent::Withdrawn { .. }
    )
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
        let Some((false, reservation)) = self.company(invitation).await? else { return Ok(()) };
        self.release(event, reservation, invitation.0).await?;
        match self.company(invitation).await? {
            Some((true, reservation)) => self.take_again(event, reservation, ReservationKind::OpenInvitation, invitation.0).await,
            Some((false, _)) | None => Ok(()),
        }
    }

    /// Whether an invitation is open, and what it reserves then.
    async fn company(&self, invitation: InvitationId) -> Result<Option<(bool, ReservationId)>, ConsumerError> {
        let seen = self
            .0
            .handlers
            .inspect::<Invitation, _>(invitation.0, |state, _| {
                let is_open = matches!(state, InvitationState::Open(_));
                state.invited().map(|invited| (is_open, invited.inviter, invited.company.clone()))
            })
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        Ok(seen.flatten().map(|(is_open, inviter, company)| (is_open, self.0.workflows.open_invitation(inviter, &company))))
    }

    async fn release_identifiers(&self, event: &Envelope, registration: RegistrationId) -> Result<(), ConsumerError> {
        let Some((false, organization, identifiers)) = self.identifiers(registration).await? else { return Ok(()) };
        for identifier in &identifiers {
            self.release(event, self.0.workflows.registered_identifier(identifier), organization.0).await?;
        }
        if let Some((true, organization, identifiers)) = self.identifiers(registration).await? {
            for identifier in &identifiers {
                let reservation = self.0.workflows.registered_identifier(identifier);
                self.take_again(event, reservation, ReservationKind::RegisteredIdentifier, organization.0).await?;
            }
        }
        Ok(())
    }

    /// Whether a case is approved, and what it reserves then.
    async fn identifiers(
        &self,
        registration: RegistrationId,
    ) -> Result<Option<(bool, OrganizationId, Vec<RegisteredIdentifier>)>, ConsumerError> {
        let seen = self
            .0
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| {
                let case = state.case()?;
                let is_approved = matches!(case.stage, Stage::ApprovalPending { .. } | Stage::Approved { .. });
                Some((is_approved, case.organization, case.dossier.profile.as_ref()?.identifiers.clone()))
            })
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        Ok(seen.flatten())
    }

    async fn release(&self, event: &Envelope, reservation: ReservationId, owner: Uuid) -> Result<(), ConsumerError> {
        let sent = Sent::following(event.id, NAME, &format!("release {reservation}"));
        settle(NAME, event, self.0.handlers.handle::<Reservation>(reservation.0, ReservationCommand::Release { owner }, &sent).await)?;
        Ok(())
    }

    async fn take_again(
        &self,
        event: &Envelope,
        reservation: ReservationId,
        kind: ReservationKind,
        owner: Uuid,
    ) -> Result<(), ConsumerError> {
        let sent = Sent::following(event.id, NAME, &format!("take {reservation}"));
        let command = ReservationCommand::Reserve { kind, owner };
        settle(NAME, event, self.0.handlers.handle::<Reservation>(reservation.0, command, &sent).await)?;
        Ok(())
    }
}
