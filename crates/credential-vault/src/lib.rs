//! Mutable secrets that must not be events: verifiers of passwords and one-time passwords with their counters of wrong
//! attempts, second factors, API tokens, sessions (architecture, "One picture").
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
//! # Second factors
//!
//! Authenticators ([`Vault::put_authenticator`]), tokens from the inventory ([`Vault::claim_token`]) and recovery codes
//! ([`Vault::put_recovery_codes`]) go the same way, named by a stream of their own ([`NamedBy::Credential`]); but to be named is not enough:
//! their person shows first that they work ([`Vault::prove_pending`]).
//!
//! An attempt is counted, durably, before it is compared, for the *person*: however many second factors somebody has, five wrong codes in a
//! quarter of an hour are compared, with all of them together. A right code is used up by the same write that takes the count back: the step
//! or counter is remembered, and neither it nor an earlier one is accepted again (RFC 6238 §5.2); a recovery code is gone. Seeds are sealed
//! under the vault's key for their row; of recovery codes a keyed hash is kept, sealed as well.
//!
//! Passkeys (WebAuthn level 3, by the library `webauthn_rp`) are registered and proved in ceremonies of two steps:
//! [`Vault::begin_passkey`] and [`Vault::finish_passkey`], [`Vault::begin_passkey_proof`] and [`Vault::finish_passkey_proof`]. What is between
//! the steps is kept here, sealed, for five minutes, one for each person and purpose; whoever finishes takes it away first, so that one
//! challenge is answered once. The authenticator must have verified its user; the count of its signatures must go up, if it counts. Attestation is
//! not asked for: any authenticator will do. There is nothing to guess, so that nothing is counted for the person.
//!
//! # Sign-in at a provider
//!
//! Between the two steps of a sign-in at an identity provider, what was begun is kept here, sealed, for ten minutes
//! ([`Vault::begin_errand`]); the browser holds a text that names it, of which only the hash is kept. Whoever comes back with the text takes
//! it away ([`Vault::take_errand`]): it is answered once.
//!
//! # In a file
//!
//! The database is SQLite in WAL mode with `synchronous=FULL` and `secure_delete=ON`. Another process of the same machine
//! (the command line) may open it too: what it changes is noticed within a second.
//!
//! # In PostgreSQL
//!
//! The schema `gatehouse_vault`, used by any number of instances. An attempt is counted by one statement that commits by itself before
//! the candidate is compared, so however many guesses come at once, through whichever instances, no more are compared than are
//! allowed.
//!
//! Tokens and sessions are read when they are first asked for, and remembered. Whatever ends one before its time counts up one number in
//! the database in the same statement; when that has changed, nothing remembered is used. Looking up a session asks for the number first,
//! together with whoever else does: a session that one instance has ended works on no other. Looking up a token makes sure that it was asked
//! for less than a second ago: a revoked token works on others for a second at most. What one instance issues works on all at once. When the
//! database does not answer, look-ups fail: nothing is trusted that cannot be asked about.
//!
//! What is purged is deleted and the tables are vacuumed, so that no statement can reach it; PostgreSQL keeps it in its write-ahead log
//! until that is recycled, in free space until that is written over, on standbys and in backups. Verifiers in such a copy are sealed
//! under the vault's key, which the database never has.
//!
//! [`Vault::copy_to_postgres`] carries a vault in a file over; [`Vault::backup_to`] writes either kind to a file, which can be restored to either.

mod aead;
mod credentials;
mod errands;
mod error;
mod hashing;
mod proposal;
mod second_factors;
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
pub use second_factors::{
    AuthenticatorSecret, Claim, Factor, FactorState, ImportedToken, InventoryToken, OtpAlgorithm, OtpDigits, OtpHash, PasskeyProof,
    PasskeyPut, PasskeyRefusal, RelyingParty, Standing, StockedToken, TokenFlaw, TokenStanding,
};
pub use sessions::{Assurance, IssuedSession, NewSessionOf, OpenedBy, Session, SessionHolder, SessionId, SessionLifetime};
pub use tokens::{Holder, IssuedToken, Token, TokenId, TokenRequest};
pub use vault::{Vault, VaultKey};
