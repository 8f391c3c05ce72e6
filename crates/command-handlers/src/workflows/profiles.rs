//! Changes of an organization's profile, as far as its registered identifiers must stay its own.

use domain::organization::{Organization, OrganizationCommand, OrganizationEvent};
use domain::registration::Reviewer;
use domain::reservation::{Reservation, ReservationCommand, ReservationKind};
use domain::{OrganizationId, OrganizationProfile, Reason, RegisteredIdentifier};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

impl Workflows {
    /// Approves the change of profile that waits: its registered identifiers are taken for the organization first, and those
    /// that it has no more are given back afterwards.
    ///
    /// # Errors
    /// If none waits, an identifier belongs to another organization, or the reviewer belongs to this one or asked for the change.
    pub async fn approve_amendment(
        &self,
        organization: OrganizationId,
        reviewer: Reviewer,
        reason: Reason,
        sent: &Sent,
    ) -> Result<Answer<OrganizationEvent>, WorkflowError> {
        let reviewer = self.reviewer_about(reviewer, organization).await?;
        let command = OrganizationCommand::ApproveAmendment { id: organization, reviewer, reason };
        let before = self.handlers.rehearse::<Organization>(organization.0, command.clone(), sent).await.map_err(CommandError::of_any)?;
        if let Some(answer) = before {
            return Ok(answer);
        }
        let (profile, amendment) = self.amendment_of(organization).await?;
        let reserve: Vec<Reserve> =
            amendment.iter().flat_map(|amendment| &amendment.identifiers).map(|of| self.reserve_for(of, organization)).collect();
        let first = self.handlers.handle_reserving::<Organization>(organization.0, command.clone(), sent, &reserve).await;
        let answer = match first {
            // What an organization that is closed had is free.
            Err(CommandError::Taken(_)) => {
                for taken in &reserve {
                    self.give_back(taken.id, sent).await?;
                }
                self.handlers.handle_reserving::<Organization>(organization.0, command, sent, &reserve).await
            }
            first => first,
        };
        let answer = answer.map_err(CommandError::of_any)?;
        let held = profile.identifiers.iter().map(|identifier| self.registered_identifier(identifier));
        for id in held.filter(|id| reserve.iter().all(|kept| kept.id != *id)) {
            let release = ReservationCommand::Release { owner: organization.0, seen: None };
            let part = sent.part(&format!("release:{id}"));
            self.handlers.handle::<Reservation>(id.0, release, &part).await.map_err(CommandError::of_any)?;
        }
        Ok(answer)
    }

    /// Refuses the change of profile that waits.
    ///
    /// # Errors
    /// If none waits, or the reviewer belongs to the organization or asked for the change.
    pub async fn refuse_amendment(
        &self,
        organization: OrganizationId,
        reviewer: Reviewer,
        reason: Reason,
        sent: &Sent,
    ) -> Result<Answer<OrganizationEvent>, WorkflowError> {
        let reviewer = self.reviewer_about(reviewer, organization).await?;
        let command = OrganizationCommand::RefuseAmendment { id: organization, reviewer, reason };
        self.handlers.handle::<Organization>(organization.0, command, sent).await.map_err(CommandError::of_any)
    }

    async fn amendment_of(
        &self,
        organization: OrganizationId,
    ) -> Result<(OrganizationProfile, Option<OrganizationProfile>), WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Organization, _>(organization.0, |state, _| {
                state
                    .registered()
                    .map(|registered| (registered.profile.clone(), registered.amendment.as_ref().map(|of| of.profile.clone())))
            })
            .await
            .map_err(CommandError::of_any)?;
        seen.flatten().ok_or_else(|| WorkflowRejection::NoSuchOrganization.into())
    }

    fn reserve_for(&self, identifier: &RegisteredIdentifier, organization: OrganizationId) -> Reserve {
        Reserve { id: self.registered_identifier(identifier), kind: ReservationKind::RegisteredIdentifier, owner: organization.0 }
    }
}
