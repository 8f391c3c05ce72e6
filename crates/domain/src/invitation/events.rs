//! What can happen to an invitation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Addressee, ApplicationId, CompanyName, OrganizationId, Owner, Personal, Reason, RegistrationId, StaffId};

/// What can happen to an invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum InvitationEvent {
    /// A company was invited. Version 1 did not say by which member of the staff.
    #[serde(rename = "invitation.sent.v2", alias = "invitation.sent.v1")]
    Sent {
        /// Who invites.
        inviter: Owner,
        /// The inviter's company name, as mails bear it.
        inviter_name: CompanyName,
        /// The company that is invited.
        company: CompanyName,
        /// To whom the mail goes.
        addressee: Personal<Addressee>,
        /// To which applications. At least one.
        applications: Vec<ApplicationId>,
        /// The registered organization that this is an offer to, if the inviter picked one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization: Option<OrganizationId>,
        /// Until when it can be accepted.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
        /// Which member of the operator's staff invited, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invited_by: Option<StaffId>,
    },
    /// It was sent again: the link of the generation before stops working. Version 1 did not say by which member of the staff.
    #[serde(rename = "invitation.resent.v2", alias = "invitation.resent.v1")]
    Resent {
        /// Which link works now; the first one is 0.
        generation: u32,
        /// Until when it can be accepted now.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
        /// Which member of the operator's staff sent it again, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invited_by: Option<StaffId>,
    },
    /// The addressee was reminded.
    #[serde(rename = "invitation.reminded.v1")]
    Reminded {},
    /// Its link was followed for the first time.
    #[serde(rename = "invitation.opened.v1")]
    Opened {},
    /// A registration was started with it.
    #[serde(rename = "invitation.accepted.v1")]
    Accepted {
        /// Which one.
        registration: RegistrationId,
    },
    /// The company turned out to be registered: from now on this is an offer to that organization.
    #[serde(rename = "invitation.linked_to_organization.v1")]
    LinkedToOrganization {
        /// Which organization.
        organization: OrganizationId,
        /// Until when the offer can be accepted: the case may have outlived the invitation.
        #[schemars(with = "String", extend("format" = "date-time"))]
        expires_at: Timestamp,
    },
    /// The organization's administrator accepted the offer.
    #[serde(rename = "invitation.offer_accepted.v1")]
    OfferAccepted {
        /// For which organization.
        organization: OrganizationId,
    },
    /// The organization's administrator declined the offer.
    #[serde(rename = "invitation.offer_declined.v1")]
    OfferDeclined {
        /// For which organization.
        organization: OrganizationId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// The inviter took it back.
    #[serde(rename = "invitation.revoked.v1")]
    Revoked {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// Nobody answered in time.
    #[serde(rename = "invitation.expired.v1")]
    Expired {},
}
