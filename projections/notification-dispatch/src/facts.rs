//! What mails need to know of things that happened before: who is who, what things are called.
//!
//! Each thing's facts are one JSON text under its id. Personal values are in [`PersonFacts`] only.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ApplicationId, InvitationId, MailId, OrganizationId, PersonId, StaffId, StaffRole, SubscriptionId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Template;

/// The facts of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Facts {
    Application(ApplicationFacts),
    Invitation(InvitationFacts),
    Registration(RegistrationFacts),
    Organization(OrganizationFacts),
    Person(PersonFacts),
    Credential(CredentialFacts),
    Administrators(Administrators),
    Roster(Roster),
}

/// What can be looked up by an id.
pub(crate) trait Fact: Default + Clone + PartialEq {
    /// The facts as this kind, if they are.
    fn of(facts: &Facts) -> Option<&Self>;
    /// As facts of any kind.
    fn wrap(self) -> Facts;
}

/// Mails whose links stop working when something else happens, as they were owed: to be superseded if they still are.
pub(crate) type Links = Vec<(Template, MailId)>;

/// The facts of a subject of such mails.
pub(crate) trait Linking: Fact {
    /// The mails.
    fn links(&mut self) -> &mut Links;
}

macro_rules! linking {
    ($($name:ident),*) => {$(
        impl Linking for $name {
            fn links(&mut self) -> &mut Links {
                &mut self.links
            }
        }
    )*};
}

linking!(InvitationFacts, RegistrationFacts, PersonFacts);

macro_rules! facts {
    ($($variant:ident($name:ident)),*) => {$(
        impl Fact for $name {
            fn of(facts: &Facts) -> Option<&Self> {
                if let Facts::$variant(found) = facts { Some(found) } else { None }
            }

            fn wrap(self) -> Facts {
                Facts::$variant(self)
            }
        }
    )*};
}

facts!(
    Application(ApplicationFacts),
    Invitation(InvitationFacts),
    Registration(RegistrationFacts),
    Organization(OrganizationFacts),
    Person(PersonFacts),
    Credential(CredentialFacts),
    Administrators(Administrators),
    Roster(Roster)
);

/// An application of the catalogue.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct ApplicationFacts {
    pub(crate) name: String,
    pub(crate) prerequisites: Option<String>,
    /// Whose it is; none: the operator's.
    pub(crate) owner: Option<OrganizationId>,
    pub(crate) automatic_access: bool,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct InvitationFacts {
    /// The inviter's company name.
    pub(crate) partner: String,
    pub(crate) company: String,
    /// The person that it addresses.
    pub(crate) addressee: Option<PersonId>,
    pub(crate) applications: Vec<ApplicationId>,
    pub(crate) generation: u32,
    pub(crate) expires_at: String,
    /// The registered organization that it is an offer to.
    pub(crate) organization: Option<OrganizationId>,
    /// Whether the operator itself invites, for no partner.
    pub(crate) by_operator: bool,
    /// Its mails that may be superseded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Links,
}

/// A registration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RegistrationFacts {
    pub(crate) case_number: String,
    pub(crate) registrant: Option<PersonId>,
    pub(crate) company: String,
    /// The invitation that it came from.
    pub(crate) invitation: Option<InvitationId>,
    pub(crate) applications: Vec<ApplicationId>,
    pub(crate) time_zone: String,
    /// The reviewer who works on it.
    pub(crate) claimed_by: Option<StaffId>,
    /// Its mails that may be superseded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Links,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct OrganizationFacts {
    pub(crate) name: String,
    pub(crate) administrators: BTreeSet<PersonId>,
}

/// A person: addressee, registrant, nominee, user, member of the staff. The only facts with personal values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct PersonFacts {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    /// The partners' personal messages, by invitation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) messages: BTreeMap<InvitationId, String>,
    /// The account, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<UserFacts>,
    /// Their mails that may be superseded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Links,
}

impl PersonFacts {
    /// Blanks what is personal; what is left is that there is somebody.
    pub(crate) fn forget(&mut self) {
        self.name = None;
        self.email = None;
        self.messages.clear();
    }
}

/// A user's account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct UserFacts {
    pub(crate) organization: OrganizationId,
    pub(crate) organization_name: String,
    /// Empty until the account is created.
    pub(crate) user_id: String,
    /// Whether the account is there and neither suspended nor closed.
    pub(crate) usable: bool,
}

/// A credential beyond the password.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct CredentialFacts {
    pub(crate) label: String,
    pub(crate) type_name: String,
    /// Whether the user was told that it was added.
    pub(crate) announced: bool,
}

/// Who decides on access to one application in one organization.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Administrators {
    pub(crate) people: BTreeSet<PersonId>,
}

impl Administrators {
    /// Under which id they are kept: that of the organization's subscription, whose own facts are not needed.
    pub(crate) fn id(organization: OrganizationId, application: ApplicationId) -> Uuid {
        SubscriptionId::of(organization, application).0
    }
}

/// The operator's staff.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Roster {
    pub(crate) members: BTreeMap<StaffId, Member>,
}

impl Roster {
    /// Under which id it is kept: there is one.
    pub(crate) const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0005_7aff);

    /// The members with this role.
    pub(crate) fn with(&self, role: StaffRole) -> impl Iterator<Item = PersonId> {
        self.members.values().filter(move |member| member.roles.contains(&role)).map(|member| member.person)
    }
}

/// A member of the staff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) person: PersonId,
    pub(crate) roles: BTreeSet<StaffRole>,
}
