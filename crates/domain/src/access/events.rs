//! What can happen to a user's access to an application.

use serde::{Deserialize, Serialize};

use crate::{ApplicationId, OrganizationId, PersonId, Reason};

/// What can happen to a user's access to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum AccessEvent {
    /// It was asked for, by the user or for them.
    #[serde(rename = "access.requested.v1")]
    Requested {
        /// For whom.
        user: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// Who proposed it, if not the user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposed_by: Option<PersonId>,
        /// Why it is needed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// The user may open the application.
    #[serde(rename = "access.granted.v1")]
    Granted {
        /// Who.
        user: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// Which application.
        application: ApplicationId,
        /// The administrator who granted it; none: automatic.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        granted_by: Option<PersonId>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// What was asked for was denied.
    #[serde(rename = "access.denied.v1")]
    Denied {
        /// To whom.
        user: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// For which application.
        application: ApplicationId,
        /// The administrator who denied it.
        denied_by: PersonId,
        /// Why.
        reason: Reason,
    },
    /// The user may not open it any more.
    #[serde(rename = "access.revoked.v1")]
    Revoked {
        /// Who.
        user: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// Which application.
        application: ApplicationId,
        /// The administrator who revoked it; none: because the subscription or the account ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revoked_by: Option<PersonId>,
        /// Why.
        reason: Reason,
    },
}
