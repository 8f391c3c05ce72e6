//! What can happen to a credential.

use serde::{Deserialize, Serialize};

use crate::{CredentialLabel, PersonId, Reason};

/// What can happen to a credential of a user beyond the password: its secret lies in the vault under its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum CredentialEvent {
    /// It was registered and waits for its first use.
    #[serde(rename = "credential.registered.v1")]
    Registered {
        /// Whose.
        user: PersonId,
        /// Which kind.
        kind: CredentialKind,
        /// What the user calls it.
        label: CredentialLabel,
    },
    /// It was used for the first time: it works.
    #[serde(rename = "credential.activated.v1")]
    Activated {
        /// Whose.
        user: PersonId,
    },
    /// The user calls it something else.
    #[serde(rename = "credential.renamed.v1")]
    Renamed {
        /// What the user calls it now.
        label: CredentialLabel,
    },
    /// It works no more.
    #[serde(rename = "credential.revoked.v1")]
    Revoked {
        /// Whose.
        user: PersonId,
        /// Why.
        reason: Reason,
    },
}

/// The kinds of credentials beyond the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// An authenticator app (TOTP, RFC 6238).
    Authenticator,
    /// A passkey (WebAuthn).
    Passkey,
    /// A one-time-password token bought elsewhere, registered by its serial number.
    Token {
        /// Its serial number.
        serial: String,
    },
    /// A set of recovery codes.
    RecoveryCodes,
}
