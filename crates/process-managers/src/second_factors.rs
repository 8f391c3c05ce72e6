//! Whose applications need a second factor is asked for one; and one that was taken away ends (domain, part 8; J2, J3).

use async_trait::async_trait;
use command_handlers::Sent;
use domain::access::{Access, AccessEvent, AccessState};
use domain::application::{Application, ApplicationEvent, ApplicationState, CredentialStrength};
use domain::credential::{Credential, CredentialState};
use domain::staff::{Staff, StaffAccount, StaffEvent, StaffState};
use domain::user::{User, UserCommand, UserEvent, UserRole, UserState};
use domain::{AccessId, ApplicationId, CredentialId, DomainEvent, PersonId};
use jiff::SignedDuration;
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::outcome::settle;
use crate::{Desk, Lists};

const NAME: &str = "second-factors";

/// How long a command that takes a second factor away may be under way until it ends that itself, and says why in the words of whoever sent it:
/// far longer than it takes.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(10);

/// Asks a user for a second factor for each application that needs one and that they may open or administer, and stops asking when that
/// is over. It goes by how application, access and roles are now, not by what the event says.
///
/// Ends the credential of a second factor that was taken away where whoever did so was killed before: it would work no more, and yet look as if
/// it did, and its token could not be released.
pub struct SecondFactors {
    desk: Desk,
    lists: Lists,
}

impl SecondFactors {
    /// With the lists of who is concerned when the catalogue changes.
    #[must_use]
    pub fn new(desk: Desk, lists: Lists) -> Self {
        Self { desk, lists }
    }
}

#[async_trait]
impl Consumer for SecondFactors {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        match &event.event {
            DomainEvent::Access(_, AccessEvent::Granted { user, application, .. } | AccessEvent::Revoked { user, application, .. }) => {
                self.ask(event, *user, *application).await
            }
            DomainEvent::User(person, UserEvent::Created { roles, .. }) => {
                for application in roles.iter().copied().filter_map(administered) {
                    self.ask(event, *person, application).await?;
                }
                Ok(())
            }
            DomainEvent::User(person, UserEvent::RoleGranted { role } | UserEvent::RoleRevoked { role, .. }) => match administered(*role) {
                Some(application) => self.ask(event, *person, application).await,
                None => Ok(()),
            },
            DomainEvent::User(person, UserEvent::SecondFactorRemoved { credential }) => {
                let has = |state: &UserState| state.account().is_some_and(|account| account.means.second_factors.contains(credential));
                let has = self.desk.handlers.inspect::<User, _>(person.0, |state, _| has(state)).await.map_err(later)?;
                self.end(event, *credential, has == Some(true)).await
            }
            DomainEvent::Staff(staff, StaffEvent::SecondFactorRemoved { credential }) => {
                let has = |account: &StaffAccount| account.means.second_factors.contains(credential);
                let has = |state: &StaffState| state.member().and_then(|member| member.account.as_ref()).is_some_and(has);
                let has = self.desk.handlers.inspect::<Staff, _>(staff.0, |state, _| has(state)).await.map_err(later)?;
                self.end(event, *credential, has == Some(true)).await
            }
            DomainEvent::Application(application, ApplicationEvent::Amended { .. }) => self.ask_all(event, *application).await,
            DomainEvent::Access(..)
            | DomainEvent::User(..)
            | DomainEvent::Application(..)
            | DomainEvent::Organization(..)
            | DomainEvent::Invitation(..)
            | DomainEvent::Registration(..)
            | DomainEvent::Subscription(..)
            | DomainEvent::Relationship(..)
            | DomainEvent::Credential(..)
            | DomainEvent::Reservation(..)
            | DomainEvent::Person(..)
            | DomainEvent::Staff(..)
            | DomainEvent::Service(..)
            | DomainEvent::Mail(..)
            | DomainEvent::Calendar(..) => Ok(()),
        }
    }
}

/// The application that a role is for.
fn administered(role: UserRole) -> Option<ApplicationId> {
    match role {
        UserRole::OrganizationAdministrator => None,
        UserRole::ApplicationAdministrator(application) => Some(application),
    }
}

impl SecondFactors {
    /// Ends a credential that was taken away as a second factor, unless it counts again since.
    async fn end(&self, event: &Envelope, credential: CredentialId, counts_again: bool) -> Result<(), ConsumerError> {
        let has_ended = |state: &CredentialState| matches!(state, CredentialState::Revoked(_));
        let has_ended = self.desk.handlers.inspect::<Credential, _>(credential.0, |state, _| has_ended(state)).await.map_err(later)?;
        if counts_again || has_ended == Some(true) {
            return Ok(());
        }
        let now = (self.desk.handlers.clock())();
        if now.duration_since(event.recorded_at) < UNDER_WAY {
            return Err(ConsumerError::Later("whoever took this second factor away is about to end it".to_owned()));
        }
        let sent = Sent::following(event.id, NAME, &format!("end {credential}"));
        settle(NAME, event, self.desk.workflows.end_removed_factor(credential, &sent).await)?;
        Ok(())
    }

    /// The catalogue has changed: everybody of the subscribed organizations may be concerned.
    async fn ask_all(&self, event: &Envelope, application: ApplicationId) -> Result<(), ConsumerError> {
        for organization in self.lists.subscribers(event, application).await? {
            for person in self.lists.users(event, organization).await? {
                self.ask(event, person, application).await?;
            }
        }
        Ok(())
    }

    async fn ask(&self, event: &Envelope, person: PersonId, application: ApplicationId) -> Result<(), ConsumerError> {
        let Some(is_asked) = self.is_asked(person, application).await? else { return Ok(()) };
        let needed = self.needs(application).await? && self.has_to_do_with(person, application).await?;
        let command = match (is_asked, needed) {
            (false, true) => UserCommand::AskSecondFactor { application },
            (true, false) => UserCommand::StopAskingSecondFactor { application },
            (true, true) | (false, false) => return Ok(()),
        };
        let sent = Sent::following(event.id, NAME, &format!("{person} {application}"));
        settle(NAME, event, self.desk.handlers.handle::<User>(person.0, command, &sent).await)?;
        Ok(())
    }

    /// Whether the user is asked for a second factor for this application already; none if there is no account, or it is closed.
    async fn is_asked(&self, person: PersonId, application: ApplicationId) -> Result<Option<bool>, ConsumerError> {
        let asked = self
            .desk
            .handlers
            .inspect::<User, _>(person.0, |state, _| {
                state.open_account().map(|account| account.second_factor_asked_by.contains(&application))
            })
            .await
            .map_err(later)?;
        Ok(asked.flatten())
    }

    /// Whether the application needs a second factor; one that was retired goes on needing what it did.
    async fn needs(&self, application: ApplicationId) -> Result<bool, ConsumerError> {
        let strength = |state: &ApplicationState| state.published().map(|published| published.details.credential_strength);
        let strength =
            self.desk.handlers.inspect::<Application, _>(application.0, |state, _| strength(state)).await.map_err(later)?.flatten();
        Ok(strength.is_some_and(|strength| strength >= CredentialStrength::OneTimePassword))
    }

    /// Whether the user may open the application or administers it for their organization.
    async fn has_to_do_with(&self, person: PersonId, application: ApplicationId) -> Result<bool, ConsumerError> {
        let role = UserRole::ApplicationAdministrator(application);
        let administers = self
            .desk
            .handlers
            .inspect::<User, _>(person.0, |state, _| state.account().is_some_and(|account| account.roles.contains(&role)))
            .await
            .map_err(later)?;
        if administers == Some(true) {
            return Ok(true);
        }
        let access = AccessId::of(person, application);
        let granted =
            self.desk.handlers.inspect::<Access, _>(access.0, |state: &AccessState, _| state.is_granted()).await.map_err(later)?;
        Ok(granted == Some(true))
    }
}

fn later(error: impl std::fmt::Display) -> ConsumerError {
    ConsumerError::Later(error.to_string())
}
