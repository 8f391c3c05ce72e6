//! Applications of the catalogue.

use serde::{Deserialize, Serialize};

use crate::event::About;
use crate::{ApplicationCode, ApplicationId, OrganizationId};

/// An application as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CatalogueEntry {
    /// Which application.
    pub application: ApplicationId,
    /// Its code, which never changes.
    pub code: ApplicationCode,
    /// The partner that it belongs to; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// Who may register for it.
    pub registration: RegistrationPolicy,
    /// How access to it is granted.
    pub access: AccessPolicy,
}

/// Who may register for an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum RegistrationPolicy {
    /// Whoever is invited.
    InvitationOnly,
    /// Anybody.
    Public,
    /// A value that this version of the language does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// How access to an application is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(rename_all = "snake_case")]
pub enum AccessPolicy {
    /// To every user of a subscribed organization who asks.
    Automatic,
    /// By the application administrator of the organization.
    ApplicationAdministrator,
    /// A value that this version of the language does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

impl About for CatalogueEntry {
    fn application(&self) -> Option<ApplicationId> {
        Some(self.application)
    }
}
