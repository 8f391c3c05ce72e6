//! Signing in at an OpenID Connect provider: the authorization code flow of a confidential client (OpenID Connect Core 1.0, §3.1), with
//! what is asked for since: PKCE (RFC 7636, S256), the issuer in the answer (RFC 9207), exact comparison of everything (RFC 9700).
//!
//! 1. [`OpenIdClient::begin`] gives the address to send the browser to, and an [`Errand`]: `state`, `nonce` and PKCE's verifier, to be kept
//!    on this side, for this browser, until it comes back, and used once.
//! 2. The browser comes back with a [`Returned`]. [`OpenIdClient::finish`] holds it against the errand, exchanges the code, validates the ID
//!    token, and says who it is: issuer and subject, and whether the provider has seen two factors. Nothing else is taken from the token.
//!
//! The provider is discovered when it is first needed, and again after an hour. Its keys are fetched again when a token names one that is
//! not known. Only asymmetric signatures count: neither `none` nor HMAC. Whoever this crate speaks to is reached over TLS, except on this
//! machine itself; no redirection is followed, and time and size of each answer are bounded.
//!
//! Errors bear reasons for the log, and never a code, a token or a secret.

mod client;
mod error;
mod exchange;
mod http;
mod keys;
mod metadata;
mod settings;
mod token;

pub use client::{Begun, Errand, OpenIdClient, Returned};
pub use error::{OpenIdError, Refusal, SettingsError};
pub use settings::Settings;
pub use token::Authenticated;
