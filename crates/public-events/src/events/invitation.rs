//! Invitations of companies.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{About, only};
use crate::{ApplicationId, InvitationId, OrganizationId, RegistrationId};

/// A company is invited until an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationSent {
    /// Which invitation.
    pub invitation: InvitationId,
    /// The partner that invites; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// The applications that the company is invited to, at least one.
    pub applications: Vec<ApplicationId>,
    /// The organization that it is offered to, if the company is registered already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// When it expires.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub expires_at: Timestamp,
}

/// A company came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationAccepted {
    /// Which invitation.
    pub invitation: InvitationId,
    /// The partner that invites; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// The applications that the company is invited to, at least one.
    pub applications: Vec<ApplicationId>,
    /// The registration that was started.
    pub registration: RegistrationId,
}

/// An invitation is an offer to an organization until an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationOffered {
    /// Which invitation.
    pub invitation: InvitationId,
    /// The partner that invites; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// The applications that the company is invited to, at least one.
    pub applications: Vec<ApplicationId>,
    /// The organization that it is offered to.
    pub organization: OrganizationId,
    /// When it expires.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub expires_at: Timestamp,
}

/// An organization answered an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationOffer {
    /// Which invitation.
    pub invitation: InvitationId,
    /// The partner that invites; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// The applications that the company is invited to, at least one.
    pub applications: Vec<ApplicationId>,
    /// The organization that it was offered to.
    pub organization: OrganizationId,
}

/// An invitation can be followed no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationEnded {
    /// Which invitation.
    pub invitation: InvitationId,
    /// The partner that invited; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// The applications that the company was invited to, at least one.
    pub applications: Vec<ApplicationId>,
    /// The organization that it was offered to, if it was an offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
}

impl About for InvitationSent {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }
}

impl About for InvitationAccepted {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }
}

impl About for InvitationOffered {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for InvitationOffer {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        Some(self.organization)
    }
}

impl About for InvitationEnded {
    fn application(&self) -> Option<ApplicationId> {
        only(&self.applications)
    }

    fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }
}
