//! What the events of a credential fold to.

use super::CredentialKind;
use crate::{CredentialLabel, PersonId};

/// Where a credential stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CredentialState {
    /// There is none.
    #[default]
    NotRegistered,
    /// It waits for its first use.
    Pending(Registered),
    /// It works.
    Active(Registered),
    /// It works no more.
    Revoked(Registered),
}

/// A credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Whose.
    pub user: PersonId,
    /// Which kind.
    pub kind: CredentialKind,
    /// What the user calls it.
    pub label: CredentialLabel,
}

impl CredentialState {
    /// What was registered, in whichever state.
    #[must_use]
    pub fn registered(&self) -> Option<&Registered> {
        match self {
            Self::NotRegistered => None,
            Self::Pending(registered) | Self::Active(registered) | Self::Revoked(registered) => Some(registered),
        }
    }

    /// Whether it can be used to sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match self {
            Self::Active(_) => true,
            Self::NotRegistered | Self::Pending(_) | Self::Revoked(_) => false,
        }
    }
}
