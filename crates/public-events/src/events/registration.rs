//! Registrations of companies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{About, only};
use crate::{ApplicationId, InvitationId, OrganizationId, RegistrationId};

/// A registration began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistrationStarted {
    /// Which registration.
    pub registration: RegistrationId,
    /// The id that the organization will have once it is approved.
    pub organization: OrganizationId,
    /// The applications that the company registers for.
    pub applications: Vec<ApplicationId>,
    /// The invitation that it began with; none: a public registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
    /// The partner that invited; none: a public registration, or the operator itself invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
}

/// A registration waits for a decision until an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistrationSubmitted {
    /// Which registration.
    pub registration: RegistrationId,
    /// The id that the organization will have once it is approved.
    pub organization: OrganizationId,
    /// The applications that the company registers for.
    pub applications: Vec<ApplicationId>,
    /// When it is to be decided at the latest.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub due_at: Timestamp,
}

/// A registration went on to where the type of the event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistrationMoved {
    /// Which registration.
    pub registration: RegistrationId,
    /// The id that the organization will have once it is approved.
    pub organization: OrganizationId,
    /// The applications that the company registers for.
    pub applications: Vec<ApplicationId>,
}

/// The company of a registration is an organization that was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistrationLinked {
    /// Which registration.
    pub registration: RegistrationId,
    /// The organization that the company is.
    pub organization: OrganizationId,
    /// The applications that the company registers for.
    pub applications: Vec<ApplicationId>,
    /// The invitation that became an offer to it, if the registration began with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
}

impl About for RegistrationStarted {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for RegistrationSubmitted {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for RegistrationMoved {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for RegistrationLinked {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}
