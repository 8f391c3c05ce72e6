//! What can go wrong.

/// Why nobody was authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdError {
    /// What came back does not prove who it is. Whoever it is begins again.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// The provider cannot be reached, or does not answer as it should; it may later.
    #[error("the OpenID Connect provider cannot be used: {0}")]
    Unavailable(String),
}

/// Why what came back is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It belongs to something else that was begun.
    #[error("`state` is not the one that was sent")]
    OtherState,
    /// Another provider answers (RFC 9207).
    #[error("`iss` is missing, or names another provider")]
    OtherIssuer,
    /// The provider did not authenticate anybody.
    #[error("the provider answered with the error {0:?}")]
    Denied(String),
    /// There is no code.
    #[error("there is no `code`")]
    NoCode,
    /// The provider does not take the code, or not from us.
    #[error("the provider refused the exchange with the error {0:?}")]
    ExchangeRefused(String),
    /// The ID token cannot be read.
    #[error("the ID token cannot be read")]
    Unreadable,
    /// It is not signed in a way that counts.
    #[error("the ID token is signed by {0:?}, which does not count")]
    Algorithm(String),
    /// The key is not the provider's.
    #[error("the ID token names a key that the provider does not publish")]
    UnknownKey,
    /// The signature is not right.
    #[error("the signature of the ID token does not hold")]
    Signature,
    /// A claim is missing or not what it has to be.
    #[error("the claim `{0}` of the ID token is missing, or not what it has to be")]
    Claim(&'static str),
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address is none, or not protected.
    #[error("{what} must be an https address without query and fragment, or http on this machine itself (found {found:?})")]
    Address {
        /// Which.
        what: &'static str,
        /// What it is.
        found: String,
    },
    /// Something that is needed is empty, or has characters that it cannot have.
    #[error("{0} is empty, or has characters that it cannot have")]
    Text(&'static str),
    /// The certificates cannot be read.
    #[error("the certificates of authorities cannot be used: {0}")]
    Authorities(String),
}
