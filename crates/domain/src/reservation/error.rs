//! Which rules a command to a reservation can break.

use uuid::Uuid;

use super::ReservationKind;
use crate::{Rejection, RejectionKind};

/// A rule that a command to a reservation broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReservationRejection {
    /// The value is somebody else's.
    #[error("{}", taken(*kind))]
    Taken {
        /// What kind of value it is.
        kind: ReservationKind,
        /// Who has it; for the handler, not for the one who asked.
        owner: Uuid,
    },
    /// The value is never given back.
    #[error("{}", kept(*kind))]
    KeptForGood {
        /// What kind of value it is.
        kind: ReservationKind,
    },
}

fn taken(kind: ReservationKind) -> &'static str {
    match kind {
        ReservationKind::UserId => "This User ID is taken.",
        ReservationKind::CommandPerson => "This command has named its person already.",
        ReservationKind::RegisteredIdentifier => "This registered identifier belongs to another organization.",
        ReservationKind::OpenInvitation => "You have an open invitation to this company already. Please send that one again instead.",
        ReservationKind::ApplicationCode => "Another application has this code.",
        ReservationKind::StaffIdentity => "This identity is linked to another member of the staff.",
    }
}

fn kept(kind: ReservationKind) -> &'static str {
    match kind {
        ReservationKind::UserId => "A User ID is never used again.",
        ReservationKind::CommandPerson => "The person that a command named stays the same.",
        ReservationKind::RegisteredIdentifier => "This registered identifier is kept for good.",
        ReservationKind::OpenInvitation => "This invitation is kept for good.",
        ReservationKind::ApplicationCode => "The code of an application is never used again.",
        ReservationKind::StaffIdentity => "This identity is kept for good.",
    }
}

impl Rejection for ReservationRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Taken { .. } | Self::KeptForGood { .. } => RejectionKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Taken { kind: ReservationKind::CommandPerson, .. } => "person-named-already",
            Self::Taken { kind: ReservationKind::UserId, .. } => "user-id-taken",
            Self::Taken { kind: ReservationKind::RegisteredIdentifier, .. } => "registered-identifier-taken",
            Self::Taken { kind: ReservationKind::OpenInvitation, .. } => "open-invitation-exists",
            Self::Taken { kind: ReservationKind::ApplicationCode, .. } => "application-code-taken",
            Self::Taken { kind: ReservationKind::StaffIdentity, .. } => "staff-identity-taken",
            Self::KeptForGood { .. } => "reservation-kept-for-good",
        }
    }
}
