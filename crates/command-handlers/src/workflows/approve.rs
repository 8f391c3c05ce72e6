//! Approving a registration.

use domain::registration::{Case, Registration, RegistrationCommand, RegistrationEvent, Reviewer};
use domain::reservation::{Reservation, ReservationKind};
use domain::{OrganizationId, Reason, RegisteredIdentifier, RegistrationId, StaffId};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

/// An approval, or the first of two.
#[derive(Debug, Clone)]
pub struct Approve {
    /// Who approves.
    pub reviewer: Reviewer,
    /// The version of the dossier that was looked at.
    pub dossier_version: u32,
    /// Why.
    pub reason: Reason,
}

/// What an approval needs to know of the case.
struct Claimed {
    organization: OrganizationId,
    identifiers: Vec<RegisteredIdentifier>,
    is_final: bool,
}

impl Workflows {
    /// Approves a registration, or proposes that where two people must (J8). Its registered identifiers are taken for the
    /// organization-to-be before the approval is on record, so that no two organizations ever have one. The identifiers are
    /// those of the version that the approval names: on another one it is refused. What an organization that is closed had is free.
    ///
    /// # Errors
    /// [`WorkflowRejection::IdentifierTaken`] if one belongs to another organization; or a rule of the registration is broken.
    pub async fn approve(
        &self,
        registration: RegistrationId,
        approve: Approve,
        sent: &Sent,
    ) -> Result<Answer<RegistrationEvent>, WorkflowError> {
        let staff = approve.reviewer.staff;
        let Approve { reviewer, dossier_version, reason } = approve;
        let command = RegistrationCommand::ApproveRegistration { reviewer, dossier_version, reason };
        let before = self.handlers.rehearse::<Registration>(registration.0, command.clone(), sent).await.map_err(CommandError::of_any)?;
        if let Some(answer) = before {
            return Ok(answer);
        }
        let claimed = self.claimed(registration, staff).await?;
        // Looked at first: what is taken in vain has to be given back.
        self.check_identifiers(&claimed, sent).await?;
        let reserve: Vec<Reserve> =
            if claimed.is_final { claimed.identifiers.iter().map(|of| self.reserve(of, &claimed)).collect() } else { vec![] };
        match self.handlers.handle_reserving::<Registration>(registration.0, command, sent, &reserve).await {
            Err(CommandError::Taken(kind)) => {
                self.check_identifiers(&claimed, sent).await?;
                Err(CommandError::Taken(kind))
            }
            result => result.map_err(CommandError::of_any),
        }
    }

    async fn claimed(&self, registration: RegistrationId, reviewer: StaffId) -> Result<Claimed, WorkflowError> {
        let seen = self
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| {
                let case = state.case()?;
                let identifiers = case.dossier.profile.as_ref().map(|profile| profile.identifiers.clone()).unwrap_or_default();
                Some(Claimed { organization: case.organization, identifiers, is_final: would_be_final(case, reviewer) })
            })
            .await
            .map_err(CommandError::of_any)?;
        seen.flatten().ok_or_else(|| WorkflowRejection::NoSuchRegistration.into())
    }

    fn reserve(&self, identifier: &RegisteredIdentifier, claimed: &Claimed) -> Reserve {
        Reserve { id: self.registered_identifier(identifier), kind: ReservationKind::RegisteredIdentifier, owner: claimed.organization.0 }
    }

    async fn check_identifiers(&self, claimed: &Claimed, sent: &Sent) -> Result<(), WorkflowError> {
        for identifier in &claimed.identifiers {
            let reservation = self.registered_identifier(identifier);
            let owner = self.handlers.inspect::<Reservation, _>(reservation.0, |state, _| state.owner());
            let owner = owner.await.map_err(CommandError::of_any)?.flatten().filter(|owner| *owner != claimed.organization.0);
            if let Some(owner) = owner
                && !self.give_back(reservation, sent).await?
            {
                return Err(
                    WorkflowRejection::IdentifierTaken { identifier: identifier.clone(), organization: OrganizationId(owner) }.into()
                );
            }
        }
        Ok(())
    }
}

/// Whether an approval by this reviewer would be the last that is needed. The first of two takes no identifiers yet: the second
/// person may find otherwise.
fn would_be_final(case: &Case, reviewer: StaffId) -> bool {
    let proposal = case.stage.running_review().and_then(|review| review.proposal.as_ref());
    let is_second = proposal.is_some_and(|proposal| proposal.dossier_version == case.dossier.version && proposal.reviewer != reviewer);
    is_second || !case.needs_two_people()
}
