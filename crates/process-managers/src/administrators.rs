//! The organization knows which of its administrators can act.

use async_trait::async_trait;
use command_handlers::Sent;
use domain::organization::{Organization, OrganizationCommand};
use domain::user::{User, UserEvent, UserRole};
use domain::{DomainEvent, OrganizationId, PersonId};
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "administrators";

/// Tells the organization that an administrator's account is established, or that a user was given the role.
pub struct Administrators(pub Desk);

#[async_trait]
impl Consumer for Administrators {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        let DomainEvent::User(person, happened) = &event.event else { return Ok(()) };
        let matters = matches!(
            happened,
            UserEvent::Activated {} | UserEvent::Reinstated { .. } | UserEvent::RoleGranted { role: UserRole::OrganizationAdministrator }
        );
        if matters { self.tell(event, *person).await } else { Ok(()) }
    }
}

impl Administrators {
    async fn tell(&self, event: &Envelope, person: PersonId) -> Result<(), ConsumerError> {
        let seen = self
            .0
            .handlers
            .inspect::<User, _>(person.0, |state, _| {
                let account = state.account()?;
                let is_administrator = account.roles.contains(&UserRole::OrganizationAdministrator);
                is_administrator.then_some((account.organization, state.is_active()))
            })
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?;
        let Some((organization, established)) = seen.flatten() else { return Ok(()) };
        self.add(event, organization, person, established).await
    }

    async fn add(&self, event: &Envelope, organization: OrganizationId, person: PersonId, established: bool) -> Result<(), ConsumerError> {
        let add = OrganizationCommand::AddAdministrator { administrator: person, established };
        let sent = Sent::following(event.id, NAME, "add");
        settle(NAME, event, self.0.handlers.handle::<Organization>(organization.0, add, &sent).await)?;
        if established {
            let establish = OrganizationCommand::EstablishAdministrator { administrator: person };
            let sent = Sent::following(event.id, NAME, "establish");
            settle(NAME, event, self.0.handlers.handle::<Organization>(organization.0, establish, &sent).await)?;
        }
        Ok(())
    }
}
