//! What the catalogue says of an application, as it is sent and shown.

use domain::application::{AccessPolicy, ApplicationDetails, CredentialStrength, RegistrationPolicy, Way};
use domain::{ApplicationName, Description, Owner, Slug, WebAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::checks::Checks;

/// What the catalogue says of an application.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueDetails {
    /// Its name.
    #[schema(example = "Boeing Supply Chain Platform")]
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who may register for it.
    pub registration: WhoRegisters,
    /// How users of a subscribed organization get access.
    pub access: HowAccess,
    /// Which ways lead in. At least one; other than by invitation only where anybody may register.
    pub ways: Vec<WayIn>,
    /// Which credential a user needs to open it.
    pub credential_strength: Strength,
    /// What to have or install first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prerequisites: Option<String>,
    /// Where *Open application* leads.
    #[schema(example = "https://bscp.example/start")]
    pub launch_url: String,
    /// Whether a subscription asked for from inside an account is reviewed by the owner first.
    #[serde(default)]
    pub subscription_review: bool,
    /// Whether a registration that asks for it needs two people to approve.
    #[serde(default)]
    pub four_eyes: bool,
}

/// Who may register for an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhoRegisters {
    /// Only who is invited.
    InvitationOnly,
    /// Anybody.
    Public,
}

/// How users of a subscribed organization get access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HowAccess {
    /// Who asks, has it.
    Automatic,
    /// An application administrator of the organization decides.
    ApplicationAdministrator,
}

/// A way that leads into an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "way", rename_all = "snake_case", deny_unknown_fields)]
pub enum WayIn {
    /// By invitation of its owner.
    Invitation {},
    /// From inside an account, by the organization administrator.
    Account {},
    /// By the general public registration page.
    PublicRegistration {},
    /// By a public link of its own.
    PublicLink {
        /// The public part of the link: 2 to 40 lower-case letters, digits and dashes.
        slug: String,
    },
}

/// The strength of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A password.
    Password,
    /// A password and a one-time password.
    OneTimePassword,
}

/// Whose an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "owner", rename_all = "snake_case", deny_unknown_fields)]
pub enum ApplicationOwner {
    /// The gateway's operator.
    Operator {},
    /// A registered organization.
    Partner {
        /// Which.
        organization: Uuid,
    },
}

impl From<ApplicationOwner> for Owner {
    fn from(owner: ApplicationOwner) -> Self {
        match owner {
            ApplicationOwner::Operator {} => Self::Operator,
            ApplicationOwner::Partner { organization } => Self::Partner(domain::OrganizationId(organization)),
        }
    }
}

impl From<Owner> for ApplicationOwner {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Operator => Self::Operator {},
            Owner::Partner(organization) => Self::Partner { organization: organization.0 },
        }
    }
}

impl CatalogueDetails {
    /// The valid details; what is wrong is noted below `/details`.
    pub(super) fn parse(&self, checks: &mut Checks) -> Option<ApplicationDetails> {
        let name = checks.parse("/details/name", &self.name, ApplicationName::parse);
        let description = checks.parse("/details/description", &self.description, Description::parse);
        let prerequisites = checks.parse_optional("/details/prerequisites", self.prerequisites.as_deref(), Description::parse);
        let launch_url = checks.parse("/details/launch_url", &self.launch_url, WebAddress::parse);
        let mut ways = Vec::with_capacity(self.ways.len());
        for (index, way) in self.ways.iter().enumerate() {
            ways.extend(way.parse(checks, index));
        }
        Some(ApplicationDetails {
            name: name?,
            description: description?,
            registration: match self.registration {
                WhoRegisters::InvitationOnly => RegistrationPolicy::InvitationOnly,
                WhoRegisters::Public => RegistrationPolicy::Public,
            },
            access: match self.access {
                HowAccess::Automatic => AccessPolicy::Automatic,
                HowAccess::ApplicationAdministrator => AccessPolicy::ApplicationAdministrator,
            },
            ways,
            credential_strength: match self.credential_strength {
                Strength::Password => CredentialStrength::Password,
                Strength::OneTimePassword => CredentialStrength::OneTimePassword,
            },
            prerequisites,
            launch_url: launch_url?,
            subscription_review: self.subscription_review,
            four_eyes: self.four_eyes,
        })
    }
}

impl WayIn {
    fn parse(&self, checks: &mut Checks, index: usize) -> Option<Way> {
        Some(match self {
            Self::Invitation {} => Way::Invitation,
            Self::Account {} => Way::Account,
            Self::PublicRegistration {} => Way::PublicRegistration,
            Self::PublicLink { slug } => Way::PublicLink(checks.parse(format!("/details/ways/{index}/slug"), slug, Slug::parse)?),
        })
    }
}

impl From<&Way> for WayIn {
    fn from(way: &Way) -> Self {
        match way {
            Way::Invitation => Self::Invitation {},
            Way::Account => Self::Account {},
            Way::PublicRegistration => Self::PublicRegistration {},
            Way::PublicLink(slug) => Self::PublicLink { slug: slug.to_string() },
        }
    }
}

impl From<&ApplicationDetails> for CatalogueDetails {
    fn from(details: &ApplicationDetails) -> Self {
        Self {
            name: details.name.to_string(),
            description: details.description.to_string(),
            registration: match details.registration {
                RegistrationPolicy::InvitationOnly => WhoRegisters::InvitationOnly,
                RegistrationPolicy::Public => WhoRegisters::Public,
            },
            access: match details.access {
                AccessPolicy::Automatic => HowAccess::Automatic,
                AccessPolicy::ApplicationAdministrator => HowAccess::ApplicationAdministrator,
            },
            ways: details.ways.iter().map(WayIn::from).collect(),
            credential_strength: match details.credential_strength {
                CredentialStrength::Password => Strength::Password,
                CredentialStrength::OneTimePassword => Strength::OneTimePassword,
            },
            prerequisites: details.prerequisites.as_ref().map(ToString::to_string),
            launch_url: details.launch_url.to_string(),
            subscription_review: details.subscription_review,
            four_eyes: details.four_eyes,
        }
    }
}
