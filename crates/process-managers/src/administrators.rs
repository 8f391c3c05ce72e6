//! The organization knows which of its administrators can act.

use async_trait::async_trait;
use command_handlers::Sent;
use domain::organization::{Organization, OrganizationCommand};
use domain::user::{Account, User, UserEvent, UserRole, UserState};
use domain::{DomainEvent, OrganizationId, PersonId, Reason};
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "administrators";

/// Tells the organization that an administrator's account is established, that a user was given the role, or that one who had it
/// cannot act any more. It says what the user is now, not what the event says: between the two, more may have happened.
pub struct Administrators(pub Desk);

/// What a user is to their organization.
enum Seen {
    /// An administrator, whose account is established or not.
    Administrator(bool),
    /// No administrator, or none who can act.
    Other,
}

#[async_trait]
impl Consumer for Administrators {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let DomainEvent::User(person, happened) = &event.event else { return Ok(()) };
        if matters(happened) { self.tell(event, *person, reason_of(happened)).await } else { Ok(()) }
    }
}

/// Whether it may change who can act for the organization.
fn matters(event: &UserEvent) -> bool {
    match event {
        UserEvent::Created { roles, .. } => roles.contains(&UserRole::OrganizationAdministrator),
        UserEvent::RoleGranted { role } | UserEvent::RoleRevoked { role, .. } => *role == UserRole::OrganizationAdministrator,
        UserEvent::Activated {} | UserEvent::Suspended { .. } | UserEvent::Reinstated { .. } | UserEvent::Closed { .. } => true,
        UserEvent::Invited { .. }
        | UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::OneTimePasswordIssued { .. }
        | UserEvent::OneTimePasswordRedeemed { .. }
        | UserEvent::OneTimePasswordLocked { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::ProfileConfirmed { .. }
        | UserEvent::TermsAcceptedV1 { .. }
        | UserEvent::TermsAccepted { .. }
        | UserEvent::SecondFactorAsked { .. }
        | UserEvent::SecondFactorNoLongerAsked { .. }
        | UserEvent::SecondFactorAdded { .. }
        | UserEvent::SecondFactorRemoved { .. } => false,
    }
}

/// Why somebody is no administrator any more.
fn reason_of(event: &UserEvent) -> Option<&Reason> {
    if let UserEvent::RoleRevoked { reason, .. } | UserEvent::Suspended { reason } | UserEvent::Closed { reason } = event {
        Some(reason)
    } else {
        None
    }
}

fn standing(state: &UserState) -> Option<(OrganizationId, Seen)> {
    let has_role = |account: &Account| account.roles.contains(&UserRole::OrganizationAdministrator);
    let account = state.account()?;
    let seen = match state.can_sign_in() {
        Some(account) if has_role(account) => Seen::Administrator(state.is_active()),
        Some(_) | None => Seen::Other,
    };
    Some((account.organization, seen))
}

impl Administrators {
    async fn tell(&self, event: &Envelope, person: PersonId, reason: Option<&Reason>) -> Result<(), ConsumerError> {
        let seen = self
            .0
            .handlers
            .inspect::<User, _>(person.0, |state, _| standing(state))
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        let (organization, command, label) = match (seen.flatten(), reason) {
            (Some((organization, Seen::Administrator(established))), _) => {
                (organization, OrganizationCommand::AddAdministrator { administrator: person, established }, "add")
            }
            (Some((organization, Seen::Other)), Some(reason)) => {
                (organization, OrganizationCommand::RemoveAdministrator { administrator: person, reason: reason.clone() }, "remove")
            }
            (Some((_, Seen::Other)), None) | (None, _) => return Ok(()),
        };
        let sent = Sent::following(event.id, NAME, label);
        settle(NAME, event, self.0.handlers.handle::<Organization>(organization.0, command, &sent).await)?;
        Ok(())
    }
}
