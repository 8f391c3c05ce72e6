//! Staff who sign in by the operator's identity provider: they are linked to who they are there, and admitted when the provider
//! says so. Nothing else that it says of them counts: neither roles nor addresses nor names.

use credential_vault::{Assurance, OpenedBy};
use domain::reservation::{Reservation, ReservationKind};
use domain::staff::{Staff, StaffCommand, StaffEvent};
use domain::{ReservationId, StaffId};
use jiff::Timestamp;

use super::sign_in::SignedIn;
use super::{WorkflowError, WorkflowRejection, Workflows, security};
use crate::{Answer, CommandError, Reserve, Sent};

/// Who somebody is at an identity provider (OpenID Connect Core 1.0, §5.7): no other two claims are unique and stay.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderIdentity {
    /// The provider, by its address.
    pub issuer: String,
    /// Who they are there; case-sensitive.
    pub subject: String,
}

/// What somebody has proved to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderProof {
    /// Whether it has seen two factors.
    pub two_factors: bool,
    /// When.
    pub at: Timestamp,
}

/// Never shows the subject.
impl std::fmt::Debug for ProviderIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderIdentity").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Workflows {
    /// Lets a member of the staff sign in as who they are at the provider: one identity, which is nobody else's.
    ///
    /// # Errors
    /// If it is linked to somebody else, or they have no account, or another identity.
    pub async fn link_staff_identity(
        &self,
        staff: StaffId,
        identity: &ProviderIdentity,
        sent: &Sent,
    ) -> Result<Answer<StaffEvent>, WorkflowError> {
        let id = self.staff_identity(identity);
        let reserve = Reserve { id, kind: ReservationKind::StaffIdentity, owner: staff.0 };
        let command = StaffCommand::LinkStaffIdentity { identity: id };
        let first = self.handlers.handle_reserving::<Staff>(staff.0, command.clone(), sent, &[reserve]).await;
        let answer = match first {
            Err(CommandError::Taken(_)) if self.give_back(id, sent).await? => {
                self.handlers.handle_reserving::<Staff>(staff.0, command, sent, &[reserve]).await
            }
            first => first,
        };
        answer.map_err(CommandError::of_any)
    }

    /// Admits whom the provider has authenticated, if somebody on the staff is linked to that identity. If it has not seen both factors, the
    /// second one is shown here next, as after a password. `label` is as [`sign_in`](Self::sign_in) has it.
    ///
    /// # Errors
    /// [`WorkflowRejection::IdentityRefused`] whatever is wrong.
    pub async fn sign_in_by_identity(
        &self,
        identity: &ProviderIdentity,
        proof: ProviderProof,
        label: &str,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let result = self.admit_identity(identity, proof, label, sent).await;
        security::note("identity_provider", result.as_ref().ok().map(|signed_in| signed_in.session.person), sent, &result);
        result
    }

    async fn admit_identity(
        &self,
        identity: &ProviderIdentity,
        proof: ProviderProof,
        label: &str,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let id = self.staff_identity(identity);
        let owner = self.handlers.inspect::<Reservation, _>(id.0, |state, _| state.owner()).await.map_err(CommandError::of_any)?;
        let staff = StaffId(owner.flatten().ok_or(WorkflowRejection::IdentityRefused)?);
        // What is reserved may not be linked yet, or not any more: their own stream says what holds.
        let linked = self.handlers.inspect::<Staff, _>(staff.0, |state, _| state.member().and_then(|member| member.identity));
        if linked.await.map_err(CommandError::of_any)?.flatten() != Some(id) {
            return Err(WorkflowRejection::IdentityRefused.into());
        }
        let account = self.account_of_staff(staff).await?.ok_or(WorkflowRejection::IdentityRefused)?;
        let assurance = if proof.two_factors { Assurance::TwoFactorsElsewhere } else { Assurance::OneFactor };
        self.admit(account, OpenedBy::Provider, (assurance, Some(proof.at)), label, sent).await
    }

    /// Names an identity, without telling it. The length comes first: no two pairs read the same.
    fn staff_identity(&self, identity: &ProviderIdentity) -> ReservationId {
        let ProviderIdentity { issuer, subject } = identity;
        self.master.reservation_id("staff identity", &format!("{}:{issuer}{subject}", issuer.len()))
    }
}
