//! What can happen to an application.

use serde::{Deserialize, Serialize};

use crate::{ApplicationCode, ApplicationName, Description, Owner, Reason, Slug, WebAddress};

/// What can happen to an application of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum ApplicationEvent {
    /// The application is in the catalogue.
    #[serde(rename = "application.published.v1")]
    Published {
        /// Its code, unique in the catalogue, for good.
        code: ApplicationCode,
        /// Whose it is.
        owner: Owner,
        /// The rest.
        details: ApplicationDetails,
    },
    /// Its details changed.
    #[serde(rename = "application.amended.v1")]
    Amended {
        /// All details as they are now.
        details: ApplicationDetails,
    },
    /// It takes no new subscriptions or access.
    #[serde(rename = "application.retired.v1")]
    Retired {
        /// Why.
        reason: Reason,
    },
}

/// What the catalogue says of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ApplicationDetails {
    /// Its name.
    pub name: ApplicationName,
    /// What it is for.
    pub description: Description,
    /// Who may register for it.
    pub registration: RegistrationPolicy,
    /// How users get access.
    pub access: AccessPolicy,
    /// Which ways lead in.
    pub ways: Vec<Way>,
    /// Which credential a user needs to open it.
    pub credential_strength: CredentialStrength,
    /// What to have or install first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prerequisites: Option<Description>,
    /// Where *Open application* leads.
    pub launch_url: WebAddress,
    /// Whether a subscription asked for from inside an account is reviewed by the owner first.
    #[serde(default)]
    pub subscription_review: bool,
    /// Whether a registration that asks for it needs two people to approve.
    #[serde(default)]
    pub four_eyes: bool,
}

/// Who may register for an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationPolicy {
    /// Only who is invited.
    InvitationOnly,
    /// Anybody.
    Public,
}

/// How users of a subscribed organization get access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessPolicy {
    /// Who asks, has it.
    Automatic,
    /// An application administrator of the organization decides.
    ApplicationAdministrator,
}

/// A way that leads into an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// By invitation of its owner.
    Invitation,
    /// From inside an account, by the organization administrator.
    Account,
    /// By the general public registration page.
    PublicRegistration,
    /// By a public link of its own.
    PublicLink(Slug),
}

/// The strength of a credential. Ordered: a stronger one serves where a weaker one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStrength {
    /// A password.
    Password,
    /// A password and a one-time password.
    OneTimePassword,
}
