//! What Gatehouse decides, and nothing else: aggregates, their commands and events, and the types that carry the rules.
//!
//! Everything here is pure: no IO, clock, randomness or logging (architecture, rule 1). One folder per aggregate, always
//! with the same files: `commands` (what can be asked), `events` (what can happen), `state` and `evolve` (what the events
//! fold to), `decide` (which events follow a command), `error` (which rules a command can break).

pub mod access;
pub mod application;
pub mod calendar;
pub mod credential;
pub mod invitation;
pub mod mail;
pub mod names;
pub mod organization;
pub mod person;
pub mod personal;
pub mod registration;
pub mod relationship;
pub mod reservation;
pub mod service;
pub mod sign_in;
pub mod staff;
pub mod subscription;
pub mod user;

mod actor;
mod aggregate;
mod days;
mod event;
mod ids;
mod policy;
mod rejection;
mod shared;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;

pub use actor::*;
pub use aggregate::{Aggregate, Context};
pub use event::DomainEvent;
pub use ids::*;
pub use personal::Personal;
pub use policy::Policy;
pub use rejection::{Rejection, RejectionKind};
pub use shared::*;
pub use text::*;
