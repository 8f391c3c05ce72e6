//! Inviting a company.

use domain::application::Application;
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent, InvitationState};
use domain::names::comparable_name;
use domain::organization::Organization;
use domain::reservation::{Reservation, ReservationKind};
use domain::{Addressee, ApplicationId, CompanyName, InvitationId, OrganizationId, Owner, Personal, RegisteredIdentifier};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

/// Whom a partner invites to what.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Who invites.
    pub inviter: Owner,
    /// The company.
    pub company: CompanyName,
    /// What is known of its registered identifiers: if one belongs to a registered organization, the invitation is an offer
    /// to it.
    pub identifiers: Vec<RegisteredIdentifier>,
    /// To whom the mail goes.
    pub addressee: Addressee,
    /// To which of the inviter's applications.
    pub applications: Vec<ApplicationId>,
    /// The registered organization, if the inviter picked it.
    pub organization: Option<OrganizationId>,
    /// Days until it expires; none: as policy says.
    pub expires_in_days: Option<u32>,
}

impl Workflows {
    /// Invites a company (J1, J4). One open invitation per inviter and company.
    ///
    /// # Errors
    /// If an application is not the inviter's or takes nobody new, the company has an open invitation already, or a rule of
    /// the invitation is broken.
    pub async fn invite_org(&self, invite: Invite, sent: &Sent) -> Result<(InvitationId, Answer<InvitationEvent>), WorkflowError> {
        let invitation = self.invitation_of(sent);
        let (inviter_name, organization) = match self.check_invite(&invite).await {
            Ok(checked) => checked,
            // What it rested on may have changed since it was accepted.
            Err(refused) => {
                let before = self.handlers.answered_before::<Invitation>(invitation.0, sent).await.map_err(CommandError::of_any)?;
                return before.map(|answer| (invitation, answer)).ok_or(refused);
            }
        };
        let reserve = Reserve {
            id: self.open_invitation(invite.inviter, &invite.company),
            kind: ReservationKind::OpenInvitation,
            owner: invitation.0,
        };
        let command = InvitationCommand::InviteOrg {
            inviter: invite.inviter,
            inviter_name,
            company: invite.company,
            addressee: Personal::new(self.keys.allot()?, invite.addressee),
            applications: invite.applications,
            organization,
            expires_in_days: invite.expires_in_days,
        };
        let first = self.handlers.create::<Invitation>(invitation.0, command.clone(), sent, &[reserve]).await;
        let answer = match first {
            Err(CommandError::Taken(_)) if self.give_back(reserve.id, sent).await? => {
                self.handlers.create::<Invitation>(invitation.0, command, sent, &[reserve]).await
            }
            first => first,
        };
        Ok((invitation, answer.map_err(CommandError::of_any)?))
    }

    /// What an invitation rests on: the applications and the inviter, whose name it bears; the registered organization that is meant.
    async fn check_invite(&self, invite: &Invite) -> Result<(CompanyName, Option<OrganizationId>), WorkflowError> {
        for application in &invite.applications {
            self.check_invites_to(*application, invite.inviter).await?;
        }
        let inviter_name = self.name_of(invite.inviter).await?;
        let organization = match invite.organization {
            Some(organization) => {
                self.name_of(Owner::Partner(organization)).await?;
                Some(organization)
            }
            None => self.organization_with(&invite.identifiers).await?,
        };
        Ok((inviter_name, organization))
    }

    /// Sends an invitation again with a new link. An expired one is open again by that, so that its company's name is taken for it
    /// anew.
    ///
    /// # Errors
    /// If there is no such invitation, it is answered or revoked, or another one to the company is open by now.
    pub async fn resend_invitation(
        &self,
        invitation: InvitationId,
        expires_in_days: Option<u32>,
        sent: &Sent,
    ) -> Result<Answer<InvitationEvent>, WorkflowError> {
        let reserve = self.reserves(invitation).await?;
        let command = InvitationCommand::ResendInvitation { expires_in_days };
        let first = self.handlers.handle_reserving::<Invitation>(invitation.0, command.clone(), sent, &[reserve]).await;
        let answer = match first {
            Err(CommandError::Taken(_)) if self.give_back(reserve.id, sent).await? => {
                self.handlers.handle_reserving::<Invitation>(invitation.0, command, sent, &[reserve]).await
            }
            first => first,
        };
        answer.map_err(CommandError::of_any)
    }

    /// Turns an invitation into an offer to a registered organization, as a reviewer decided. One that led to a registration is open
    /// again by that, and takes its company's name anew; if another invitation has it by now, both stay open: the decision stands.
    ///
    /// # Errors
    /// If there is no such invitation, or it is answered otherwise, revoked or expired.
    pub async fn link_invitation(
        &self,
        invitation: InvitationId,
        organization: OrganizationId,
        sent: &Sent,
    ) -> Result<Answer<InvitationEvent>, WorkflowError> {
        let reserve = self.reserves(invitation).await?;
        let command = InvitationCommand::LinkInvitationToOrganization { organization };
        let first = self.handlers.handle_reserving::<Invitation>(invitation.0, command.clone(), sent, &[reserve]).await;
        let answer = match first {
            Err(CommandError::Taken(_)) => self.handlers.handle::<Invitation>(invitation.0, command, sent).await,
            first => first,
        };
        answer.map_err(CommandError::of_any)
    }

    /// What an open invitation reserves.
    async fn reserves(&self, invitation: InvitationId) -> Result<Reserve, WorkflowError> {
        let id = self
            .handlers
            .inspect::<Invitation, _>(invitation.0, |state, _| state.invited().map(|invited| (invited.inviter, invited.company.clone())))
            .await
            .map_err(CommandError::of_any)?
            .flatten()
            .map(|(inviter, company)| self.open_invitation(inviter, &company))
            .ok_or(WorkflowRejection::NoSuchInvitation)?;
        Ok(Reserve { id, kind: ReservationKind::OpenInvitation, owner: invitation.0 })
    }

    /// Whether this invitation is open, as the log has it; none: there is none.
    async fn is_open(&self, invitation: uuid::Uuid) -> Result<Option<bool>, WorkflowError> {
        let is_open = |state: &InvitationState| matches!(state, InvitationState::Open(_));
        self.handlers.inspect::<Invitation, _>(invitation, |state, _| is_open(state)).await.map_err(CommandError::of_any)
    }

    /// The invitation that this inviter has open to a company of this name.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn open_invitation_to(&self, inviter: Owner, company: &CompanyName) -> Result<Option<InvitationId>, WorkflowError> {
        let name = self.open_invitation(inviter, company).0;
        let owner = self.handlers.inspect::<Reservation, _>(name, |state, _| state.owner()).await.map_err(CommandError::of_any)?;
        let Some(owner) = owner.flatten() else { return Ok(None) };
        Ok((self.is_open(owner).await? == Some(true)).then_some(InvitationId(owner)))
    }

    /// The invitation that this command made, or will make.
    #[must_use]
    pub fn invitation_of(&self, sent: &Sent) -> InvitationId {
        InvitationId(sent.derive("invitation"))
    }

    /// Names the reservation of one open invitation of this company by this inviter.
    #[must_use]
    pub fn open_invitation(&self, inviter: Owner, company: &CompanyName) -> domain::ReservationId {
        let inviter = match inviter {
            Owner::Partner(partner) => partner.to_string(),
            Owner::Operator => "operator".to_owned(),
        };
        self.master.reservation_id("open invitation", &format!("{inviter}\n{}", comparable_name(company.as_str())))
    }

    /// Names the reservation of a registered identifier: one for all ways to punctuate it.
    #[must_use]
    pub fn registered_identifier(&self, identifier: &RegisteredIdentifier) -> domain::ReservationId {
        let bare: String = identifier.value.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        self.master.reservation_id("registered identifier", &format!("{}\n{bare}", identifier.scheme))
    }

    /// The registered organization in good standing that has one of these identifiers: the one to make an offer to. Others may have them as
    /// well, such as one whose approval can still be undone, and cannot answer.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn organization_with(&self, identifiers: &[RegisteredIdentifier]) -> Result<Option<OrganizationId>, WorkflowError> {
        for identifier in identifiers {
            let key = self.registered_identifier(identifier).0;
            let owner = self.handlers.inspect::<Reservation, _>(key, |state, _| state.owner()).await.map_err(CommandError::of_any)?;
            let Some(owner) = owner.flatten() else { continue };
            let stands = self.handlers.inspect::<Organization, _>(owner, |state, _| state.is_in_good_standing());
            if stands.await.map_err(CommandError::of_any)? == Some(true) {
                return Ok(Some(OrganizationId(owner)));
            }
        }
        Ok(None)
    }

    /// The name of an inviter who may act now.
    pub(super) async fn name_of(&self, owner: Owner) -> Result<CompanyName, WorkflowError> {
        let Owner::Partner(organization) = owner else { return Ok(self.operator_name.clone()) };
        let name = self
            .handlers
            .inspect::<Organization, _>(organization.0, |state, _| {
                let registered = state.registered().filter(|_| state.is_in_good_standing())?;
                Some(registered.profile.trading_name.as_ref().unwrap_or(&registered.profile.legal_name).clone())
            })
            .await
            .map_err(CommandError::of_any)?;
        name.flatten().ok_or_else(|| WorkflowRejection::NoSuchOrganization.into())
    }

    async fn check_invites_to(&self, application: ApplicationId, inviter: Owner) -> Result<(), WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Application, _>(application.0, |state, _| {
                state.published().map(|published| (published.owner, state.in_catalogue().is_none()))
            })
            .await
            .map_err(CommandError::of_any)?;
        match seen.flatten() {
            None => Err(WorkflowRejection::UnknownApplication(application).into()),
            Some((owner, _)) if owner != inviter => Err(WorkflowRejection::NotYourApplication(application).into()),
            Some((_, true)) => Err(WorkflowRejection::RetiredApplication(application).into()),
            Some((_, false)) => Ok(()),
        }
    }
}
