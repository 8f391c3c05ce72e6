//! Beginning a registration.

use domain::application::{AccessPolicy, Application, RegistrationPolicy, Way};
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent, InvitationState};
use domain::registration::{Origin, Registration, RegistrationCommand, RegistrationEvent, RequestedApplication};
use domain::{Addressee, ApplicationId, InvitationId, OrganizationId, Personal, Registrant, RegistrationId};

use event_store::Position;

use super::{OpenWay, WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Sent};

/// Whether an application can be registered for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    NotThisWay(OpenWay),
    Retired,
}

impl Workflows {
    /// Accepts an invitation by beginning the registration that it leads to (J1). Followed again, the same link leads to the
    /// same registration, whatever a crash left undone between the two.
    ///
    /// # Errors
    /// If the link is an old one, the invitation is expired, revoked, or an offer to a registered organization, or none of its
    /// applications takes anybody any more.
    pub async fn accept_invitation(
        &self,
        invitation: InvitationId,
        generation: u32,
        sent: &Sent,
    ) -> Result<(RegistrationId, Answer<InvitationEvent>), WorkflowError> {
        let registration = RegistrationId::derive(invitation.0, "registration");
        let command = InvitationCommand::AcceptInvitation { generation, registration };
        let mut answer = self.accept(invitation, command, sent).await?;
        let started = self.begin_accepted(invitation, &sent.part("start")).await?;
        answer.position = started.map_or(answer.position, |started| started.max(answer.position));
        Ok((registration, answer))
    }

    /// Begins the registration of an invitation that is accepted, unless that is done.
    ///
    /// # Errors
    /// If there is no accepted invitation of this id, or an application of it has left the catalogue.
    pub async fn start_accepted(&self, invitation: InvitationId, sent: &Sent) -> Result<(), WorkflowError> {
        self.begin_accepted(invitation, sent).await.map(drop)
    }

    /// Accepts an offer for the organization that it was made to (J4).
    ///
    /// # Errors
    /// If it is none to this organization, or was answered, taken back, or has expired, or none of its applications takes anybody any more.
    pub async fn accept_offer(
        &self,
        invitation: InvitationId,
        organization: OrganizationId,
        sent: &Sent,
    ) -> Result<Answer<InvitationEvent>, WorkflowError> {
        self.accept(invitation, InvitationCommand::AcceptOffer { organization }, sent).await
    }

    /// Accepts. There is no way back from that, so what has to follow is looked at before.
    async fn accept(
        &self,
        invitation: InvitationId,
        command: InvitationCommand,
        sent: &Sent,
    ) -> Result<Answer<InvitationEvent>, WorkflowError> {
        if let Err(refused) = self.check_acceptable(invitation).await {
            let before = self.handlers.answered_before::<Invitation>(invitation.0, sent).await.map_err(CommandError::of_any)?;
            return before.ok_or(refused);
        }
        self.handlers.handle::<Invitation>(invitation.0, command, sent).await.map_err(CommandError::of_any)
    }

    /// Whether a registration or a subscription can follow from an open invitation. Who may still accept it is for the invitation to say.
    async fn check_acceptable(&self, invitation: InvitationId) -> Result<(), WorkflowError> {
        let open = self.handlers.inspect::<Invitation, _>(invitation.0, |state, _| match state {
            InvitationState::Open(invited) => Some((invited.addressee.is_erased(), invited.applications.clone())),
            InvitationState::NotSent
            | InvitationState::Accepted(..)
            | InvitationState::OfferAccepted(_)
            | InvitationState::OfferDeclined(_)
            | InvitationState::Revoked(_)
            | InvitationState::Expired(_) => None,
        });
        match open.await.map_err(CommandError::of_any)?.flatten() {
            None => Ok(()),
            Some((true, _)) => Err(CommandError::Erased),
            Some((false, applications)) => self.still_in_catalogue(&applications).await.map(drop),
        }
    }

    /// Those of an invitation's applications that take new organizations.
    async fn still_in_catalogue(&self, applications: &[ApplicationId]) -> Result<Vec<RequestedApplication>, WorkflowError> {
        let mut still = Vec::with_capacity(applications.len());
        for application in applications {
            let (requested, standing) = self.catalogue_says(*application, None).await?;
            if standing == Standing::Open {
                still.push(requested);
            }
        }
        if still.is_empty() { Err(WorkflowRejection::AllApplicationsRetired.into()) } else { Ok(still) }
    }

    /// As [`Workflows::start_accepted`]; gives the position at which it began, if it did so now.
    async fn begin_accepted(&self, invitation: InvitationId, sent: &Sent) -> Result<Option<Position>, WorkflowError> {
        let state = self.handlers.state::<Invitation>(invitation.0).await.map_err(CommandError::of_any)?;
        let Some((invited, registration)) = state.as_ref().and_then(|(state, _)| Some((state.invited()?, state.registration()?))) else {
            return Err(WorkflowRejection::NoSuchInvitation.into());
        };
        let begun = self.handlers.inspect::<Registration, _>(registration.0, |_, _| ()).await.map_err(CommandError::of_any)?;
        if begun.is_some() {
            return Ok(None);
        }
        let Some(Addressee { name, email, .. }) = invited.addressee.get().cloned() else { return Err(CommandError::Erased) };
        let applications = match self.still_in_catalogue(&invited.applications).await {
            Ok(still) => still,
            // Retired in the instant in which it was accepted: a reviewer sees it.
            Err(CommandError::Rejected(_)) => {
                let mut retired = Vec::with_capacity(invited.applications.len());
                for application in &invited.applications {
                    retired.push(self.catalogue_says(*application, None).await?.0);
                }
                retired
            }
            Err(error) => return Err(error),
        };
        let command = RegistrationCommand::StartRegistration {
            id: registration,
            origin: Origin::Invitation { invitation, inviter: invited.inviter },
            invited_by: invited.invited_by.iter().copied().collect(),
            registrant: Personal::new(invited.addressee.person(), Registrant { name, email }),
            company: Some(invited.company.clone()),
            applications,
        };
        let answer = self.handlers.create::<Registration>(registration.0, command, sent, &[]).await.map_err(CommandError::of_any)?;
        Ok(Some(answer.position))
    }

    /// Begins a registration without an invitation (J6). `way` is the one that the registrant came by.
    ///
    /// # Errors
    /// If an application cannot be registered for in this way.
    pub async fn start_public(
        &self,
        registrant: Registrant,
        applications: &[ApplicationId],
        way: &Way,
        sent: &Sent,
    ) -> Result<(RegistrationId, Answer<RegistrationEvent>), WorkflowError> {
        let registration = RegistrationId(sent.derive("registration"));
        let mut requested = Vec::with_capacity(applications.len());
        for application in applications {
            match self.requested(*application, Some(way)).await {
                Ok(of) => requested.push(of),
                // What the catalogue says may have changed since it was begun.
                Err(refused) => {
                    let before = self.handlers.answered_before::<Registration>(registration.0, sent).await.map_err(CommandError::of_any)?;
                    return before.map(|answer| (registration, answer)).ok_or(refused);
                }
            }
        }
        let command = RegistrationCommand::StartRegistration {
            id: registration,
            origin: Origin::Public,
            invited_by: Vec::new(),
            registrant: Personal::new(self.keys.allot()?, registrant),
            company: None,
            applications: requested,
        };
        let answer = self.handlers.create::<Registration>(registration.0, command, sent, &[]).await.map_err(CommandError::of_any)?;
        Ok((registration, answer))
    }

    /// An application that is asked for. Who comes without an invitation needs a way that is open.
    async fn requested(&self, application: ApplicationId, public_way: Option<&Way>) -> Result<RequestedApplication, WorkflowError> {
        match self.catalogue_says(application, public_way).await? {
            (requested, Standing::Open) => Ok(requested),
            (_, Standing::NotThisWay(open)) => Err(WorkflowRejection::NotOpenThisWay(application, open).into()),
            (_, Standing::Retired) => Err(WorkflowRejection::RetiredApplication(application).into()),
        }
    }

    async fn catalogue_says(
        &self,
        application: ApplicationId,
        public_way: Option<&Way>,
    ) -> Result<(RequestedApplication, Standing), WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Application, _>(application.0, |state, _| {
                let published = state.published()?;
                let details = &published.details;
                let is_open = public_way.is_none_or(|way| details.registration == RegistrationPolicy::Public && details.ways.contains(way));
                let requested = RequestedApplication {
                    application,
                    owner: published.owner,
                    needs_administrator: details.access == AccessPolicy::ApplicationAdministrator,
                    four_eyes: details.four_eyes,
                };
                let standing = match state.in_catalogue() {
                    None => Standing::Retired,
                    Some(_) if is_open => Standing::Open,
                    Some(_) => Standing::NotThisWay(OpenWay::of(details)),
                };
                Some((requested, standing))
            })
            .await
            .map_err(CommandError::of_any)?;
        seen.flatten().ok_or_else(|| WorkflowRejection::UnknownApplication(application).into())
    }
}
