//! Mutable secrets that must not be events: verifiers of passwords and one-time passwords with their counters of wrong
//! attempts, API tokens, sessions (architecture, "One picture").
//!
//! Events name credentials by id only. The way of a credential:
//!
//! 1. [`Vault::put_password`] or [`Vault::put_one_time_password`] writes the row, *pending*, under an id that derives from
//!    the command. The same id again replaces what is pending and leaves alone what is active or revoked.
//!    Look first whether the command was accepted before: a retry with another secret must not replace one that an event
//!    names and that is not active yet.
//! 2. The event that names the id is appended to the log.
//! 3. [`Vault::activate`] makes the row count, best before the command is answered. A crash before it does no harm: whoever
//!    meets the id in the log and finds it unknown here activates it, which does nothing new when done again.
//! 4. [`Vault::sweep`] removes pending rows that no event named: each row says whose event is to do so ([`NamedBy`]).
//!
//! Which credential is current for a user is for the domain to say. At rest, verifiers are Argon2id hashes, and those are
//! sealed under the vault's key as well, so that the file without the master key gives no way to guess passwords. Of
//! tokens and sessions only the SHA-256 of the text is kept; the texts are random and long, so a slow hash would add
//! nothing.
//!
//! The database is SQLite in WAL mode with `synchronous=FULL` and `secure_delete=ON`. Another process of the same machine
//! (the command line) may open it too: what it changes is noticed within a second.

mod aead;
mod credentials;
mod error;
mod hashing;
mod proposal;
mod sessions;
mod store;
mod text;
mod tokens;
mod vault;

pub mod strength;

pub use credentials::{CredentialKind, NamedBy, Pending, Put, Verification};
pub use error::VaultError;
pub use hashing::HashingOptions;
pub use proposal::propose_one_time_password;
pub use sessions::{IssuedSession, Session, SessionId, SessionLifetime};
pub use tokens::{Holder, IssuedToken, Token, TokenId, TokenRequest};
pub use vault::{Vault, VaultKey};
