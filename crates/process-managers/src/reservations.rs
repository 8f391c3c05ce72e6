//! Unique values are given back when what they were taken for is over, or never came to be.
//!
//! The event that ended it may be long ago when it is handled, and its owner open again since (an expired invitation resent, an
//! undone approval approved): what counts is how things are now. Whoever needs a value again takes it once more, though it is theirs: what
//! has been taken since it was looked at is not given back.
//!
//! A command takes registered identifiers before its event. Where the process ended between the two, or the event was refused in the
//! last instant, nobody is told. But an approval needs a claim, and every claim comes to an end, by its reviewer or by time: at each
//! end, and wherever else an approval has become impossible, all identifiers that the case ever named and does not hold are given back.
//! Likewise those that an organization named in changes of its profile, when such a change is decided, and all that it has when it is
//! closed: the company can register again. A company's name that was taken
//! for an invitation that never came to be is given back when somebody invites the company anew. Who somebody on the staff is at the
//! identity provider is given back when it is unlinked, as it is when they leave.

use std::collections::BTreeSet;

use async_trait::async_trait;
use command_handlers::{CommandError, Sent};
use domain::invitation::{Invitation, InvitationEvent};
use domain::organization::{Organization, OrganizationEvent, OrganizationState};
use domain::registration::{Registration, RegistrationEvent, Stage};
use domain::reservation::{Reservation, ReservationCommand};
use domain::staff::StaffEvent;
use domain::{Aggregate, DomainEvent, InvitationId, OrganizationId, RegisteredIdentifier, RegistrationId, ReservationId};
use projection_runtime::{Consumer, ConsumerError, Direction, Envelope, StreamId};
use uuid::Uuid;

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "reservations";
/// Events of a stream read at once.
const PAGE: usize = 256;

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
            && ends_approving(happened)
        {
            return self.release_of_case(event, *registration).await;
        }
        if let DomainEvent::Organization(organization, happened) = &event.event
            && may_free_identifiers(happened)
        {
            let named = self.named_by_organization(*organization).await?;
            return self.release_identifiers(event, *organization, None, named).await;
        }
        if let DomainEvent::Staff(_, StaffEvent::IdentityUnlinked { identity }) = &event.event {
            return self.give_back(event, *identity).await;
        }
        Ok(())
    }
}

fn later(error: impl std::fmt::Display) -> ConsumerError {
    ConsumerError::Later(error.to_string())
}

/// Whether an approval that was under way has become impossible: it may have taken its identifiers.
fn ends_approving(event: &RegistrationEvent) -> bool {
    match event {
        RegistrationEvent::Claimed { taken_over_from, .. } => taken_over_from.is_some(),
        RegistrationEvent::Released { .. }
        | RegistrationEvent::InformationRequested { .. }
        | RegistrationEvent::Resubmitted { .. }
        | RegistrationEvent::ApprovalUndone { .. }
        | RegistrationEvent::Rejected { .. }
        | RegistrationEvent::Reopened { .. }
        | RegistrationEvent::LinkedToOrganization { .. }
        | RegistrationEvent::Withdrawn { .. }
        | RegistrationEvent::Expired {} => true,
        RegistrationEvent::Started { .. }
        | RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::Submitted { .. }
        | RegistrationEvent::RiskRaised { .. }
        | RegistrationEvent::ApprovalProposed { .. }
        | RegistrationEvent::Approved { .. }
        | RegistrationEvent::ApprovalTookEffect { .. }
        | RegistrationEvent::ReviewDueSoon { .. }
        | RegistrationEvent::ReviewOverdue { .. }
        | RegistrationEvent::DueMoved { .. } => false,
    }
}

/// Whether a change of an organization's profile is decided, or another one takes its place, or the organization is closed.
fn may_free_identifiers(event: &OrganizationEvent) -> bool {
    matches!(
        event,
        OrganizationEvent::AmendmentRequested { .. }
            | OrganizationEvent::AmendmentApproved { .. }
            | OrganizationEvent::AmendmentRefused { .. }
            | OrganizationEvent::Closed { .. }
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
        let company = self
            .0
            .handlers
            .inspect::<Invitation, _>(invitation.0, |state, _| state.invited().map(|invited| (invited.inviter, invited.company.clone())));
        let Some((inviter, company)) = company.await.map_err(later)?.flatten() else { return Ok(()) };
        let reservation = self.0.workflows.open_invitation(inviter, &company);
        self.give_back(event, reservation).await
    }

    /// Gives back what its owner, whoever that is by now, does not need any more.
    async fn give_back(&self, event: &Envelope, reservation: ReservationId) -> Result<(), ConsumerError> {
        let sent = Sent::following(event.id, NAME, &format!("release {reservation}"));
        match self.0.workflows.give_back(reservation, &sent).await {
            Ok(_) => Ok(()),
            Err(error @ CommandError::Internal(_)) => Err(ConsumerError::Stop(error.to_string())),
            Err(error) => Err(later(error)),
        }
    }

    async fn release_of_case(&self, event: &Envelope, registration: RegistrationId) -> Result<(), ConsumerError> {
        let organization = self
            .0
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| state.case().map(|case| case.organization))
            .await
            .map_err(later)?;
        let Some(organization) = organization.flatten() else { return Ok(()) };
        let named = self.named_by_case(registration).await?;
        self.release_identifiers(event, organization, Some(registration), named).await
    }

    /// Gives back those identifiers that an organization has though neither it nor the case that leads to it holds them.
    async fn release_identifiers(
        &self,
        event: &Envelope,
        organization: OrganizationId,
        registration: Option<RegistrationId>,
        named: BTreeSet<ReservationId>,
    ) -> Result<(), ConsumerError> {
        for reservation in named {
            // In this order: once the value is seen to be taken, what it was taken for is on record, or never will be.
            let seen = self.0.handlers.inspect::<Reservation, _>(reservation.0, |state, _| (state.owner(), state.takings()));
            let Some((owner, takings)) = seen.await.map_err(later)? else { continue };
            if owner != Some(organization.0) || self.held(organization, registration).await?.contains(&reservation) {
                continue;
            }
            let sent = Sent::following(event.id, NAME, &format!("release {reservation}"));
            let release = ReservationCommand::Release { owner: organization.0, seen: Some(takings) };
            settle(NAME, event, self.0.handlers.handle::<Reservation>(reservation.0, release, &sent).await)?;
        }
        Ok(())
    }

    /// The identifiers that are an organization's by right: of the approved case that it comes from, of its profile, and of the change
    /// of its profile that waits, whose approval may be under way. None of one that is closed.
    async fn held(
        &self,
        organization: OrganizationId,
        registration: Option<RegistrationId>,
    ) -> Result<BTreeSet<ReservationId>, ConsumerError> {
        let of_organization = self.0.handlers.inspect::<Organization, _>(organization.0, |state, _| match state {
            OrganizationState::NotRegistered => Some(Vec::new()),
            OrganizationState::Registered(registered) | OrganizationState::Suspended(registered) => {
                let profiles = std::iter::once(&registered.profile).chain(registered.amendment.as_ref().map(|of| &of.profile));
                Some(profiles.flat_map(|profile| profile.identifiers.clone()).collect())
            }
            OrganizationState::Closed(_) => None,
        });
        let Some(mut held) = of_organization.await.map_err(later)?.unwrap_or_else(|| Some(Vec::new())) else {
            return Ok(BTreeSet::new());
        };
        if let Some(registration) = registration {
            let of_case = self.0.handlers.inspect::<Registration, _>(registration.0, |state, _| {
                let case = state.case()?;
                let is_approved = matches!(case.stage, Stage::ApprovalPending { .. } | Stage::Approved { .. });
                Some(case.dossier.profile.as_ref().filter(|_| is_approved)?.identifiers.clone())
            });
            held.extend(of_case.await.map_err(later)?.flatten().unwrap_or_default());
        }
        Ok(self.reservations_of(&held))
    }

    /// Every identifier that a case has ever named.
    async fn named_by_case(&self, registration: RegistrationId) -> Result<BTreeSet<ReservationId>, ConsumerError> {
        let mut named = BTreeSet::new();
        for event in self.history::<Registration>(registration.0).await? {
            if let RegistrationEvent::ProfileSaved { profile } = event {
                named.extend(self.reservations_of(&profile.identifiers));
            }
        }
        Ok(named)
    }

    /// Every identifier that an organization has ever had or asked for.
    async fn named_by_organization(&self, organization: OrganizationId) -> Result<BTreeSet<ReservationId>, ConsumerError> {
        let mut named = BTreeSet::new();
        for event in self.history::<Organization>(organization.0).await? {
            if let OrganizationEvent::Approved { profile, .. }
            | OrganizationEvent::ProfileAmended { profile, .. }
            | OrganizationEvent::AmendmentRequested { profile, .. } = event
            {
                named.extend(self.reservations_of(&profile.identifiers));
            }
        }
        Ok(named)
    }

    fn reservations_of(&self, identifiers: &[RegisteredIdentifier]) -> BTreeSet<ReservationId> {
        identifiers.iter().map(|identifier| self.0.workflows.registered_identifier(identifier)).collect()
    }

    /// All that happened to an aggregate.
    async fn history<A: Aggregate>(&self, key: Uuid) -> Result<Vec<A::Event>, ConsumerError> {
        let stream = StreamId::new(A::CATEGORY, key);
        let (store, codec) = (self.0.handlers.store(), self.0.handlers.codec());
        let mut events = Vec::new();
        let mut from = Some(0);
        while let Some(version) = from {
            let page = store.read_stream(&stream, version, Direction::Forwards, PAGE).await.map_err(later)?;
            from = page.last().filter(|_| page.len() == PAGE).map(|last| last.version + 1);
            for recorded in &page {
                events.push(codec.decode_event(recorded).map_err(|error| ConsumerError::Stop(error.to_string()))?);
            }
        }
        Ok(events)
    }
}
