//! The published language: what other services are told, over NATS and over HTTP (domain, J10; ADR 0026).
//!
//! It is apart from the events that the log stores, so that those can change without asking anybody, and it is thin: ids, codes,
//! instants and states. It holds nothing personal and no free text; details are asked for over the API, with the consumer's own token.
//!
//! An [`Envelope`] is a CloudEvent in structured JSON. What happened is its [`PublicEvent`]; the NATS subject that it is published on
//! is [`Envelope::subject_on_nats`].
//!
//! Events are contracts: a field is never removed, renamed or narrowed within a version. Consumers must accept fields, types and
//! values that they do not know.

mod envelope;
mod event;
mod events;
mod ids;
mod permissions;
#[cfg(feature = "schema")]
pub mod schema;
pub mod snapshot;
mod subject;

pub use envelope::{Envelope, EnvelopeError, Position};
pub use event::PublicEvent;
pub use events::*;
pub use ids::*;
pub use permissions::{inbox_of, lent_to, may_publish, subjects_for};
pub use subject::{PREFIX, subject_of};
