//! An approval takes effect: the organization comes to be, with its administrators, subscriptions and relationship.

use async_trait::async_trait;
use command_handlers::workflows::NewUser;
use command_handlers::{Reserve, Sent};
use domain::organization::{Organization, OrganizationCommand};
use domain::registration::{AdministratorRole, Case, Nominee, Origin, Registration, RegistrationEvent};
use domain::relationship::{Relationship, RelationshipCommand};
use domain::reservation::ReservationKind;
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::user::{UserOrigin, UserRole};
use domain::{
    ApplicationId, CompanyName, DomainEvent, OrganizationId, OrganizationProfile, Owner, RegistrationId, RelationshipId, SubscriptionId,
};
use projection_runtime::{Consumer, ConsumerError, Envelope};

use crate::Desk;
use crate::outcome::settle;

const NAME: &str = "onboarding";

/// Brings about what an approval means.
pub struct Onboarding(pub Desk);

#[async_trait]
impl Consumer for Onboarding {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn handle(&self, event: &Envelope) -> Result<(), ConsumerError> {
        if let DomainEvent::Registration(registration, RegistrationEvent::ApprovalTookEffect { organization }) = &event.event {
            self.onboard(event, *registration, *organization).await?;
        }
        Ok(())
    }
}

impl Onboarding {
    async fn onboard(&self, event: &Envelope, registration: RegistrationId, organization: OrganizationId) -> Result<(), ConsumerError> {
        let case = self
            .0
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| state.case().cloned())
            .await
            .map_err(|error| ConsumerError::Later(error.to_string()))?
            .flatten();
        let Some((case, profile)) = case.and_then(|case| Some((case.clone(), case.dossier.profile?))) else {
            return Err(ConsumerError::Stop(format!("the approved case {registration} has no profile")));
        };
        self.register(event, registration, organization, &case, &profile).await?;
        for nominee in &case.dossier.nominees {
            self.create_account(event, registration, organization, &profile.legal_name, nominee).await?;
        }
        for requested in &case.dossier.applications {
            self.subscribe(event, organization, requested.application, registration).await?;
        }
        if let Origin::Invitation { inviter: Owner::Partner(partner), .. } = case.origin {
            let id = RelationshipId::of(organization, partner);
            let command = RelationshipCommand::EstablishRelationship { organization, partner };
            let sent = Sent::following(event.id, NAME, "relationship");
            settle(NAME, event, self.0.handlers.handle::<Relationship>(id.0, command, &sent).await)?;
        }
        Ok(())
    }

    async fn register(
        &self,
        event: &Envelope,
        registration: RegistrationId,
        organization: OrganizationId,
        case: &Case,
        profile: &OrganizationProfile,
    ) -> Result<(), ConsumerError> {
        let administrators = case.dossier.administrators(AdministratorRole::OrganizationAdministrator).map(Nominee::person).collect();
        let command = OrganizationCommand::ApproveOrg { registration, profile: profile.clone(), administrators };
        let reserve: Vec<Reserve> = profile
            .identifiers
            .iter()
            .map(|identifier| Reserve {
                id: self.0.workflows.registered_identifier(identifier),
                kind: ReservationKind::RegisteredIdentifier,
                owner: organization.0,
            })
            .collect();
        let sent = Sent::following(event.id, NAME, "organization");
        match settle(NAME, event, self.0.handlers.create::<Organization>(organization.0, command, &sent, &reserve).await)? {
            Some(_) => Ok(()),
            // Nothing else may follow: accounts and subscriptions of an organization that is not there.
            None => {
                Err(ConsumerError::Stop(format!("the organization {organization} of the approved case {registration} cannot come to be")))
            }
        }
    }

    async fn create_account(
        &self,
        event: &Envelope,
        registration: RegistrationId,
        organization: OrganizationId,
        organization_name: &CompanyName,
        nominee: &Nominee,
    ) -> Result<(), ConsumerError> {
        let new = NewUser {
            organization,
            organization_name: organization_name.clone(),
            contact: nominee.contact.clone(),
            roles: nominee.roles.iter().map(|role| user_role(*role)).collect(),
            one_time_password: nominee.one_time_password,
            origin: UserOrigin::Approval(registration),
        };
        let sent = Sent::following(event.id, NAME, &format!("user {}", nominee.person()));
        settle(NAME, event, self.0.workflows.create_user(new, &sent).await.map(|(_, answer)| answer))?;
        Ok(())
    }

    async fn subscribe(
        &self,
        event: &Envelope,
        organization: OrganizationId,
        application: ApplicationId,
        registration: RegistrationId,
    ) -> Result<(), ConsumerError> {
        if self.0.is_retired(application).await? {
            tracing::info!(%organization, %application, "the application was retired before the approval took effect: it is not subscribed to");
            return Ok(());
        }
        let origin = SubscriptionOrigin::Registration(registration);
        let command = SubscriptionCommand::SubscribeApp { organization, application, origin, needs_review: false };
        let sent = Sent::following(event.id, NAME, &format!("subscription {application}"));
        let id = SubscriptionId::of(organization, application);
        settle(NAME, event, self.0.handlers.handle::<Subscription>(id.0, command, &sent).await)?;
        Ok(())
    }
}

fn user_role(role: AdministratorRole) -> UserRole {
    match role {
        AdministratorRole::OrganizationAdministrator => UserRole::OrganizationAdministrator,
        AdministratorRole::ApplicationAdministrator(application) => UserRole::ApplicationAdministrator(application),
    }
}
