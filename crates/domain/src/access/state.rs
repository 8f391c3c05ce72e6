//! What the events of access fold to.

use crate::{ApplicationId, OrganizationId, PersonId};

/// Where the access of a user to an application stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AccessState {
    /// Nobody asked for it yet.
    #[default]
    NotRequested,
    /// It was asked for; an application administrator decides.
    Requested(Accessor),
    /// The user may open the application.
    Granted(Accessor),
    /// It was denied; it can be asked for again.
    Denied(Accessor),
    /// It was taken away; it can be asked for again.
    Revoked(Accessor),
}

/// Whose access to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accessor {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
}

impl AccessState {
    /// Whose access to what; none if nobody asked yet.
    #[must_use]
    pub fn accessor(&self) -> Option<&Accessor> {
        match self {
            Self::NotRequested => None,
            Self::Requested(accessor) | Self::Granted(accessor) | Self::Denied(accessor) | Self::Revoked(accessor) => Some(accessor),
        }
    }

    /// Whether the user may open the application.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        match self {
            Self::Granted(_) => true,
            Self::NotRequested | Self::Requested(_) | Self::Denied(_) | Self::Revoked(_) => false,
        }
    }
}
