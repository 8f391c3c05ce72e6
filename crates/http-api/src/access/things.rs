//! The things that addresses name, and whose each is. Read from the log.

use std::cmp::Ordering;

use audit_history::Subject;
use command_handlers::workflows::WorkflowError;
use domain::access::{Access, Accessor};
use domain::application::{Application, RegistrationPolicy};
use domain::credential::{Credential, CredentialState};
use domain::invitation::{Invitation, InvitationRejection, InvitationState, Invited};
use domain::organization::Organization;
use domain::registration::Registration;
use domain::relationship::Relationship;
use domain::service::Sees;
use domain::subscription::{Subscribed, Subscription};
use domain::user::User;
use domain::{
    AccessId, ApplicationId, CredentialId, InvitationId, OrganizationId, Owner, PersonId, RegistrationId, RelationshipId, ServiceId,
    StaffId, SubscriptionId,
};

use super::{Address, Belongs, Granted, HeldLink, Reach, Thing};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// A registered organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Company(pub(crate) OrganizationId);

impl Thing for Company {
    const NAME: &'static str = "organization";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = OrganizationId(address.id("id")?);
        let found = services.handlers.inspect::<Organization, _>(id.0, |_, _| ()).await?;
        Ok(found.map(|()| Self(id)))
    }

    fn belongs(&self) -> Belongs {
        Belongs { organization: Some(self.0), ..Belongs::default() }
    }

    /// A service that is limited to applications is shown who is subscribed to one of them.
    async fn is_within(&self, reach: &Reach, services: &Services) -> Result<bool, Problem> {
        let Reach::Shown(Sees::Applications(applications)) = reach else { return Ok(reach.covers(&self.belongs())) };
        for application in applications {
            let subscription = SubscriptionId::of(self.0, *application);
            if services.handlers.inspect::<Subscription, _>(subscription.0, |state, _| state.is_active()).await? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Somebody who is a user of an organization, or was asked to become one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    pub(crate) person: PersonId,
    pub(crate) organization: OrganizationId,
}

impl Thing for Member {
    const NAME: &'static str = "user";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let person = PersonId(address.id("id")?);
        let organization = services.handlers.inspect::<User, _>(person.0, |state, _| state.organization()).await?;
        Ok(organization.flatten().map(|organization| Self { person, organization }))
    }

    fn belongs(&self) -> Belongs {
        Belongs { person: Some(self.person), organization: Some(self.organization), ..Belongs::default() }
    }

    /// A service that is limited to applications is shown who has access to one of them.
    async fn is_within(&self, reach: &Reach, services: &Services) -> Result<bool, Problem> {
        let Reach::Shown(Sees::Applications(applications)) = reach else { return Ok(reach.covers(&self.belongs())) };
        for application in applications {
            let access = AccessId::of(self.person, *application);
            if services.handlers.inspect::<Access, _>(access.0, |state, _| state.is_granted()).await? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// An application of the catalogue, perhaps retired.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CatalogueEntry {
    pub(crate) id: ApplicationId,
    owner: Owner,
    is_public: bool,
}

impl Thing for CatalogueEntry {
    const NAME: &'static str = "application";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = ApplicationId(address.id("id")?);
        let found = services.handlers.inspect::<Application, _>(id.0, |state, _| {
            let is_public = state.in_catalogue().is_some_and(|of| of.details.registration == RegistrationPolicy::Public);
            state.published().map(|published| Self { id, owner: published.owner, is_public })
        });
        Ok(found.await?.flatten())
    }

    fn belongs(&self) -> Belongs {
        Belongs { application: Some(self.id), owner: Some(self.owner), ..Belongs::default() }
    }

    /// An organization sees what is public, and what it is or was subscribed to.
    async fn is_within(&self, reach: &Reach, services: &Services) -> Result<bool, Problem> {
        let Reach::Offered(organization) = reach else { return Ok(reach.covers(&self.belongs())) };
        if self.is_public {
            return Ok(true);
        }
        let subscription = SubscriptionId::of(*organization, self.id);
        let subscribed = services.handlers.inspect::<Subscription, _>(subscription.0, |state, _| state.subscribed().is_some()).await?;
        Ok(subscribed == Some(true))
    }
}

/// Whose an application is.
async fn owner_of(application: ApplicationId, services: &Services) -> Result<Option<Owner>, Problem> {
    let published = services.handlers.inspect::<Application, _>(application.0, |state, _| state.published().map(|of| of.owner)).await?;
    Ok(published.flatten())
}

/// Access that a user has, had, asked for or was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedAccess {
    pub(crate) id: AccessId,
    pub(crate) accessor: Accessor,
}

impl Thing for AskedAccess {
    const NAME: &'static str = "access";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = AccessId(address.id("id")?);
        let accessor = services.handlers.inspect::<Access, _>(id.0, |state, _| state.accessor().copied()).await?;
        Ok(accessor.flatten().map(|accessor| Self { id, accessor }))
    }

    fn belongs(&self) -> Belongs {
        let Accessor { user, organization, application } = self.accessor;
        Belongs { person: Some(user), organization: Some(organization), application: Some(application), ..Belongs::default() }
    }
}

/// A subscription that an organization has, had, asked for or was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DesiredSubscription {
    pub(crate) id: SubscriptionId,
    subscribed: Subscribed,
    owner: Option<Owner>,
}

impl DesiredSubscription {
    /// Whose it is.
    pub(crate) fn organization(&self) -> OrganizationId {
        self.subscribed.organization
    }
}

impl Thing for DesiredSubscription {
    const NAME: &'static str = "subscription";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = SubscriptionId(address.id("id")?);
        let subscribed = services.handlers.inspect::<Subscription, _>(id.0, |state, _| state.subscribed().copied()).await?;
        let Some(subscribed) = subscribed.flatten() else { return Ok(None) };
        Ok(Some(Self { id, subscribed, owner: owner_of(subscribed.application, services).await? }))
    }

    fn belongs(&self) -> Belongs {
        let Subscribed { organization, application, origin: _ } = self.subscribed;
        Belongs { organization: Some(organization), application: Some(application), owner: self.owner, ..Belongs::default() }
    }
}

/// An invitation, as who sent it knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SentInvitation {
    pub(crate) id: InvitationId,
    inviter: Owner,
}

impl Thing for SentInvitation {
    const NAME: &'static str = "invitation";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = InvitationId(address.id("id")?);
        let inviter = services.handlers.inspect::<Invitation, _>(id.0, |state, _| state.invited().map(|invited| invited.inviter)).await?;
        Ok(inviter.flatten().map(|inviter| Self { id, inviter }))
    }

    fn belongs(&self) -> Belongs {
        Belongs { owner: Some(self.inviter), ..Belongs::default() }
    }
}

/// An invitation that is an offer to a registered organization, as that organization knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) id: InvitationId,
    pub(crate) organization: OrganizationId,
}

impl Thing for Offer {
    const NAME: &'static str = "offer";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = InvitationId(address.id("id")?);
        let organization = services.handlers.inspect::<Invitation, _>(id.0, |state, _| state.invited().and_then(|of| of.organization));
        Ok(organization.await?.flatten().map(|organization| Self { id, organization }))
    }

    fn belongs(&self) -> Belongs {
        Belongs { organization: Some(self.organization), ..Belongs::default() }
    }
}

/// The relationship of the partner that calls with an organization.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnRelationship {
    pub(crate) id: RelationshipId,
    partner: OrganizationId,
}

impl Thing for OwnRelationship {
    const NAME: &'static str = "relationship";

    async fn find(address: &Address, granted: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let organization = OrganizationId(address.id("organization")?);
        let Caller::Partner { organization: partner } = *granted.caller() else { return Ok(None) };
        let id = RelationshipId::of(organization, partner);
        let found = services.handlers.inspect::<Relationship, _>(id.0, |_, _| ()).await?;
        Ok(found.map(|()| Self { id, partner }))
    }

    fn belongs(&self) -> Belongs {
        Belongs { owner: Some(Owner::Partner(self.partner)), ..Belongs::default() }
    }
}

/// A registration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnCase(pub(crate) RegistrationId);

impl Thing for OwnCase {
    const NAME: &'static str = "registration";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = RegistrationId(address.id("id")?);
        let exists = services.handlers.inspect::<Registration, _>(id.0, |state, _| state.case().is_some()).await?;
        Ok((exists == Some(true)).then_some(Self(id)))
    }

    fn belongs(&self) -> Belongs {
        Belongs { registration: Some(self.0), ..Belongs::default() }
    }

    /// The link of an invitation leads to the registration as long as it works.
    async fn is_within(&self, reach: &Reach, services: &Services) -> Result<bool, Problem> {
        let covers = reach.covers(&self.belongs());
        let Reach::Held(HeldLink::Invitation(invitation, generation)) = reach else { return Ok(covers) };
        if !covers {
            return Ok(false);
        }
        let worked = services.handlers.inspect::<Invitation, _>(invitation.0, |state, _| works(state, *generation)).await?;
        match worked {
            Some(Ok(())) => Ok(true),
            Some(Err(rejection)) => Err(Problem::from_rejection(&rejection)),
            None => Ok(false),
        }
    }
}

/// Whether this link of an accepted invitation still leads to its registration.
fn works(state: &InvitationState, generation: u32) -> Result<(), InvitationRejection> {
    let is_current = |invited: &Invited| match generation.cmp(&invited.generation) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(InvitationRejection::LinkReplaced),
        Ordering::Greater => Err(InvitationRejection::NotFound),
    };
    match state {
        InvitationState::Accepted(invited, _) => is_current(invited),
        // The case was closed in favour of a registered organization: its registrant may still see that.
        InvitationState::Open(invited) | InvitationState::OfferAccepted(invited) | InvitationState::OfferDeclined(invited)
            if invited.organization.is_some() =>
        {
            is_current(invited)
        }
        InvitationState::NotSent | InvitationState::Open(_) | InvitationState::OfferAccepted(_) | InvitationState::OfferDeclined(_) => {
            Err(InvitationRejection::NotFound)
        }
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

/// Whose history an address names. There is one for whatever has an id, perhaps without a line.
impl Thing for Subject {
    const NAME: &'static str = "history";

    async fn find(address: &Address, _: &Granted, _: &Services) -> Result<Option<Self>, Problem> {
        let id = address.id("id")?;
        Ok(match address.text("subject").unwrap_or_default() {
            "organization" => Some(Self::Organization(OrganizationId(id))),
            "person" => Some(Self::Person(PersonId(id))),
            "case" => Some(Self::Case(RegistrationId(id))),
            "invitation" => Some(Self::Invitation(InvitationId(id))),
            "application" => Some(Self::Application(ApplicationId(id))),
            "staff" => Some(Self::Staff(StaffId(id))),
            "service" => Some(Self::Service(ServiceId(id))),
            _ => None,
        })
    }

    /// An organization's administrators read that of the organization itself.
    fn belongs(&self) -> Belongs {
        let organization = if let Self::Organization(organization) = self { Some(*organization) } else { None };
        Belongs { organization, ..Belongs::default() }
    }
}

/// A second factor or a set of recovery codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnCredential {
    pub(crate) id: CredentialId,
    person: PersonId,
}

impl Thing for OwnCredential {
    const NAME: &'static str = "credential";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let id = CredentialId(address.id("id")?);
        let of = |state: &CredentialState| state.registered().map(|registered| registered.user);
        let person = services.handlers.inspect::<Credential, _>(id.0, |state, _| of(state)).await?;
        Ok(person.flatten().map(|person| Self { id, person }))
    }

    fn belongs(&self) -> Belongs {
        Belongs { person: Some(self.person), ..Belongs::default() }
    }
}

/// A token of the operator's inventory, by its serial number in the form in which it is kept. It is nobody's own thing: whoever runs the service
/// reaches all.
#[derive(Debug, Clone)]
pub(crate) struct TokenOfInventory(pub(crate) String);

impl Thing for TokenOfInventory {
    const NAME: &'static str = "token";

    async fn find(address: &Address, _: &Granted, services: &Services) -> Result<Option<Self>, Problem> {
        let serial = address.text("serial").unwrap_or_default();
        let found = services.vault.inventory_token(serial).await.map_err(WorkflowError::from)?;
        Ok(found.map(|token| Self(token.serial)))
    }

    fn belongs(&self) -> Belongs {
        Belongs::default()
    }
}
