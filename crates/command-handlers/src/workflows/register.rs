//! Beginning a registration.

use domain::application::{AccessPolicy, Application, RegistrationPolicy, Way};
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent};
use domain::registration::{Origin, Registration, RegistrationCommand, RegistrationEvent, RequestedApplication};
use domain::{Addressee, ApplicationId, InvitationId, Personal, Registrant, RegistrationId};

use event_store::Position;

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Sent};

impl Workflows {
    /// Accepts an invitation by beginning the registration that it leads to (J1). Followed again, the same link leads to the
    /// same registration, whatever a crash left undone between the two.
    ///
    /// # Errors
    /// If the link is an old one, or the invitation is expired, revoked, or an offer to a registered organization.
    pub async fn accept_invitation(
        &self,
        invitation: InvitationId,
        generation: u32,
        sent: &Sent,
    ) -> Result<(RegistrationId, Answer<InvitationEvent>), WorkflowError> {
        let registration = RegistrationId::derive(invitation.0, "registration");
        let command = InvitationCommand::AcceptInvitation { generation, registration };
        let mut answer = self.handlers.handle::<Invitation>(invitation.0, command, sent).await.map_err(CommandError::of_any)?;
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
        let mut applications = Vec::with_capacity(invited.applications.len());
        for application in &invited.applications {
            applications.push(self.requested(*application, None).await?);
        }
        let command = RegistrationCommand::StartRegistration {
            id: registration,
            origin: Origin::Invitation { invitation, inviter: invited.inviter },
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
            registrant: Personal::new(self.keys.allot()?, registrant),
            company: None,
            applications: requested,
        };
        let answer = self.handlers.create::<Registration>(registration.0, command, sent, &[]).await.map_err(CommandError::of_any)?;
        Ok((registration, answer))
    }

    /// What the catalogue says of an application that is asked for. Who comes without an invitation needs a way that is open.
    async fn requested(&self, application: ApplicationId, public_way: Option<&Way>) -> Result<RequestedApplication, WorkflowError> {
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
                Some((requested, is_open, state.in_catalogue().is_none()))
            })
            .await
            .map_err(CommandError::of_any)?;
        match seen.flatten() {
            None => Err(WorkflowRejection::UnknownApplication(application).into()),
            Some((_, _, true)) => Err(WorkflowRejection::RetiredApplication(application).into()),
            Some((_, false, false)) => Err(WorkflowRejection::NotOpenThisWay(application).into()),
            Some((requested, true, false)) => Ok(requested),
        }
    }
}
