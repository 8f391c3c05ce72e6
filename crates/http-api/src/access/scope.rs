//! Of what somebody may do something: as the table says it, and as it is for one caller.

use std::collections::BTreeSet;

use domain::service::Sees;
use domain::user::UserRole;
use domain::{ApplicationId, InvitationId, OrganizationId, Owner, PersonId, RegistrationId};

use crate::caller::Caller;

/// Of what, as the table says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Whatever there is.
    Everything,
    /// Their own account.
    OwnAccount,
    /// Their own organization, and what belongs to it.
    OwnOrganization,
    /// The applications that they administer, within their own organization.
    Administered,
    /// What is a partner's own: its applications, the subscriptions to them, its relationships, the invitations that it sent. For
    /// administrators of the service: what is the operator's.
    Owned,
    /// What the link that they hold leads to.
    Held,
    /// What a downstream service is shown.
    Shown,
    /// Public applications, and those that their organization is subscribed to.
    Offered,
}

impl Scope {
    /// All of them, from the widest on.
    pub const ALL: [Self; 8] = [
        Self::Everything,
        Self::Owned,
        Self::OwnOrganization,
        Self::Administered,
        Self::OwnAccount,
        Self::Offered,
        Self::Shown,
        Self::Held,
    ];

    /// As the table and the API's description name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::OwnAccount => "own account",
            Self::OwnOrganization => "own organization",
            Self::Administered => "administered",
            Self::Owned => "owned",
            Self::Held => "held",
            Self::Shown => "shown",
            Self::Offered => "offered",
        }
    }

    /// What that is, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Everything => "whatever there is",
            Self::OwnAccount => "their own account only",
            Self::OwnOrganization => {
                "their own organization and what belongs to it: its users, subscriptions, offers, relationships, history"
            }
            Self::Administered => "the applications that they administer, for users of their own organization",
            Self::Owned => {
                "what is a partner's own: its applications, the subscriptions to them, its relationships, the invitations that it sent; for \
                 an administrator of the service, what is the operator's"
            }
            Self::Held => "the invitation or registration that the link which they hold leads to, as long as it works",
            Self::Shown => {
                "what the service is shown: everything, or the applications that it is limited to, who is subscribed to them and who has \
                 access"
            }
            Self::Offered => "public applications, and those that their organization is subscribed to",
        }
    }
}

/// Of what, for one caller: a scope of the table, with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Whatever there is.
    Everything,
    /// This person's account.
    Account(PersonId),
    /// This organization.
    Organization(OrganizationId),
    /// These applications, within this organization.
    Administered(OrganizationId, BTreeSet<ApplicationId>),
    /// What is this owner's.
    Owned(Owner),
    /// What this link leads to.
    Held(HeldLink),
    /// What a service sees.
    Shown(Sees),
    /// What is offered to this organization.
    Offered(OrganizationId),
}

/// A link that somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldLink {
    /// Of an invitation, which may have been replaced by a newer one.
    Invitation(InvitationId, u32),
    /// Of a registration that began without an invitation.
    Registration(RegistrationId),
    /// Of the invitation of this person to become a user.
    SelfRegistration(PersonId),
}

impl Reach {
    /// How far this scope goes for this caller; none if it says nothing of such callers, who then reach nothing.
    #[must_use]
    pub fn new(scope: Scope, caller: &Caller) -> Option<Self> {
        match scope {
            Scope::Everything => Some(Self::Everything),
            Scope::OwnAccount => caller.session().map(|session| Self::Account(session.person)),
            Scope::OwnOrganization => user(caller).map(|(_, organization, _)| Self::Organization(organization)),
            Scope::Administered => user(caller).map(|(_, organization, roles)| Self::Administered(organization, administered(roles))),
            Scope::Owned => owner(caller).map(Self::Owned),
            Scope::Held => held(caller).map(Self::Held),
            Scope::Shown => sees(caller).map(|sees| Self::Shown(sees.clone())),
            Scope::Offered => user(caller).map(|(_, organization, _)| Self::Offered(organization)),
        }
    }

    /// Whether what belongs so is within reach. What a thing does not say about itself is within nobody's reach but those who
    /// reach everything.
    #[must_use]
    pub fn covers(&self, belongs: &Belongs) -> bool {
        match self {
            Self::Everything => true,
            Self::Account(person) => belongs.person == Some(*person),
            Self::Organization(organization) => belongs.organization == Some(*organization),
            Self::Administered(organization, applications) => {
                belongs.organization == Some(*organization) && belongs.application.is_some_and(|of| applications.contains(&of))
            }
            Self::Owned(owner) => belongs.owner == Some(*owner),
            Self::Held(HeldLink::Invitation(invitation, _)) => {
                // The registration that an invitation leads to has an id that follows from the invitation's.
                belongs.registration == Some(RegistrationId::derive(invitation.0, "registration"))
            }
            Self::Held(HeldLink::Registration(registration)) => belongs.registration == Some(*registration),
            Self::Held(HeldLink::SelfRegistration(person)) => belongs.person == Some(*person),
            Self::Shown(Sees::Everything) => true,
            Self::Shown(sees @ Sees::Applications(_)) => belongs.application.is_some_and(|application| sees.application(application)),
            // Which applications are offered to an organization, they say themselves.
            Self::Offered(_) => false,
        }
    }
}

/// To whom and what a thing belongs, as far as that means something for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Belongs {
    /// To which organization.
    pub organization: Option<OrganizationId>,
    /// To which person.
    pub person: Option<PersonId>,
    /// To which application.
    pub application: Option<ApplicationId>,
    /// To which owner.
    pub owner: Option<Owner>,
    /// To which registration.
    pub registration: Option<RegistrationId>,
}

fn user(caller: &Caller) -> Option<(PersonId, OrganizationId, &BTreeSet<UserRole>)> {
    if let Caller::User { person, organization, roles, .. } = caller { Some((*person, *organization, roles)) } else { None }
}

fn administered(roles: &BTreeSet<UserRole>) -> BTreeSet<ApplicationId> {
    let application = |role: &UserRole| match role {
        UserRole::ApplicationAdministrator(application) => Some(*application),
        UserRole::OrganizationAdministrator => None,
    };
    roles.iter().filter_map(application).collect()
}

fn sees(caller: &Caller) -> Option<&Sees> {
    if let Caller::Service { sees, .. } = caller { Some(sees) } else { None }
}

/// For whom this caller owns things: a partner's system for the partner, staff for the operator.
fn owner(caller: &Caller) -> Option<Owner> {
    match caller {
        Caller::Partner { organization } => Some(Owner::Partner(*organization)),
        Caller::Staff { .. } => Some(Owner::Operator),
        Caller::Anyone
        | Caller::Service { .. }
        | Caller::NewStaff { .. }
        | Caller::User { .. }
        | Caller::Invitee { .. }
        | Caller::Addressee { .. }
        | Caller::Registrant { .. } => None,
    }
}

fn held(caller: &Caller) -> Option<HeldLink> {
    match caller {
        Caller::Addressee { invitation, generation } => Some(HeldLink::Invitation(*invitation, *generation)),
        Caller::Registrant { registration } => Some(HeldLink::Registration(*registration)),
        Caller::Invitee { person, .. } => Some(HeldLink::SelfRegistration(*person)),
        Caller::Anyone
        | Caller::Staff { .. }
        | Caller::NewStaff { .. }
        | Caller::Partner { .. }
        | Caller::Service { .. }
        | Caller::User { .. } => None,
    }
}
