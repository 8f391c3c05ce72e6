//! Who acts. Recorded with every event.

use serde::{Deserialize, Serialize};

use crate::{InvitationId, OrganizationId, PersonId, RegistrationId, StaffId};

/// Who sent a command, as history shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A member of the operator's staff.
    Staff(StaffId),
    /// A partner's own system, acting for its organization with a token.
    Partner(OrganizationId),
    /// A user, signed in.
    User {
        /// Which user.
        person: PersonId,
        /// Of which organization.
        organization: OrganizationId,
    },
    /// Whoever holds the link of an invitation.
    Addressee(InvitationId),
    /// Whoever holds the link of a registration.
    Registrant(RegistrationId),
    /// A downstream service with a token of its own, by its name.
    Service(String),
    /// The service itself: a process manager or a deadline, by its name.
    System(String),
    /// The operator at the command line.
    Operator,
}

impl Actor {
    /// The member of the operator's staff who acts, if it is one.
    #[must_use]
    pub fn staff(&self) -> Option<StaffId> {
        match self {
            Self::Staff(staff) => Some(*staff),
            Self::Partner(_)
            | Self::User { .. }
            | Self::Addressee(_)
            | Self::Registrant(_)
            | Self::Service(_)
            | Self::System(_)
            | Self::Operator => None,
        }
    }

    /// The user who acts, if it is one.
    #[must_use]
    pub fn user(&self) -> Option<PersonId> {
        match self {
            Self::User { person, organization: _ } => Some(*person),
            Self::Staff(_)
            | Self::Partner(_)
            | Self::Addressee(_)
            | Self::Registrant(_)
            | Self::Service(_)
            | Self::System(_)
            | Self::Operator => None,
        }
    }
}

/// A role of the operator's staff. One never implies another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Reviews registrations.
    Reviewer,
    /// Takes over cases from other reviewers, reopens, undoes.
    ReviewLead,
    /// Reads history.
    Auditor,
    /// Runs the service: catalogue, staff, tokens.
    Administrator,
}

/// Who invites, or owns an application: a partner, or the operator itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A registered organization that owns applications.
    Partner(OrganizationId),
    /// The gateway's operator.
    Operator,
}
