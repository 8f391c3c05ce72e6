//! What can happen to a reservation.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What can happen to the reservation of a unique value (architecture, rule 10). The value itself is nowhere: the stream
/// is named by an HMAC of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum ReservationEvent {
    /// The value belongs to this owner.
    #[serde(rename = "reservation.taken.v1")]
    Taken {
        /// What kind of value it is.
        kind: ReservationKind,
        /// Who has it: an invitation, an organization, a registration, a person.
        #[schemars(with = "String", extend("format" = "uuid"))]
        owner: Uuid,
    },
    /// The value is free again.
    #[serde(rename = "reservation.released.v1")]
    Released {
        /// Who had it.
        #[schemars(with = "String", extend("format" = "uuid"))]
        owner: Uuid,
    },
}

/// The kinds of values that are unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReservationKind {
    /// A User ID; never released.
    UserId,
    /// A registered identifier of a company; owned by the organization.
    RegisteredIdentifier,
    /// One open invitation per partner and company; owned by the invitation.
    OpenInvitation,
    /// The person that a command was the first to mention, whose id does not derive from the command's; never released.
    CommandPerson,
    /// The code of an application; owned by the application, never released.
    ApplicationCode,
    /// Who somebody is at the operator's identity provider: issuer and subject; owned by the member of the staff.
    StaffIdentity,
}

impl ReservationKind {
    /// Whether a value of this kind can become free again.
    #[must_use]
    pub fn is_given_back(self) -> bool {
        match self {
            Self::RegisteredIdentifier | Self::OpenInvitation | Self::StaffIdentity => true,
            // People remember and quote them: what once meant one must never mean another.
            Self::UserId | Self::CommandPerson | Self::ApplicationCode => false,
        }
    }
}
