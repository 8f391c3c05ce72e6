//! What can be asked of a credential.

use super::events::CredentialKind;
use crate::{CredentialLabel, PersonId, Reason};

/// What can be asked of a credential.
#[derive(Debug, Clone)]
pub enum CredentialCommand {
    /// Registers it; its secret is in the vault.
    RegisterCredential {
        /// Whose.
        user: PersonId,
        /// Which kind.
        kind: CredentialKind,
        /// What the user calls it.
        label: CredentialLabel,
    },
    /// Notes its first use; the handler has verified it.
    ActivateCredential {},
    /// Calls it something else.
    RenameCredential {
        /// What.
        label: CredentialLabel,
    },
    /// Revokes it.
    RevokeCredential {
        /// Why.
        reason: Reason,
    },
}
