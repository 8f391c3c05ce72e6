//! Inviting a company.

use domain::application::Application;
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent};
use domain::organization::Organization;
use domain::registration::comparable_name;
use domain::reservation::{Reservation, ReservationKind};
use domain::{Addressee, ApplicationId, CompanyName, InvitationId, OrganizationId, Owner, Personal, RegisteredIdentifier};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, Reserve, Sent};

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
        let invitation = InvitationId(sent.derive("invitation"));
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
        let answer =
            self.handlers.create::<Invitation>(invitation.0, command, sent, &[reserve]).await.map_err(crate::CommandError::of_any)?;
        Ok((invitation, answer))
    }

    /// Names the reservation of one open invitation of this company by this inviter.
    #[must_use]
    pub fn open_invitation(&self, inviter: Owner, company: &CompanyName) -> domain::ReservationId {
        let inviter = match inviter {
            Owner::Partner(partner) => partner.to_string(),
            Owner::Operator => "operator".to_owned(),
        };
        self.master.reservation_id("open invitation", &format!("{inviter}\n{}", comparable_name(company)))
    }

    /// Names the reservation of a registered identifier.
    #[must_use]
    pub fn registered_identifier(&self, identifier: &RegisteredIdentifier) -> domain::ReservationId {
        self.master.reservation_id("registered identifier", &format!("{}\n{}", identifier.scheme, identifier.value))
    }

    /// The registered organization that has one of these identifiers.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn organization_with(&self, identifiers: &[RegisteredIdentifier]) -> Result<Option<OrganizationId>, WorkflowError> {
        for identifier in identifiers {
            let key = self.registered_identifier(identifier).0;
            let owner =
                self.handlers.inspect::<Reservation, _>(key, |state, _| state.owner()).await.map_err(crate::CommandError::of_any)?;
            if let Some(owner) = owner.flatten() {
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
            .map_err(crate::CommandError::of_any)?;
        name.flatten().ok_or_else(|| WorkflowRejection::NoSuchOrganization.into())
    }

    async fn check_invites_to(&self, application: ApplicationId, inviter: Owner) -> Result<(), WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Application, _>(application.0, |state, _| {
                state.published().map(|published| (published.owner, state.in_catalogue().is_none()))
            })
            .await
            .map_err(crate::CommandError::of_any)?;
        match seen.flatten() {
            None => Err(WorkflowRejection::UnknownApplication(application).into()),
            Some((owner, _)) if owner != inviter => Err(WorkflowRejection::NotYourApplication(application).into()),
            Some((_, true)) => Err(WorkflowRejection::RetiredApplication(application).into()),
            Some((_, false)) => Ok(()),
        }
    }
}
