//! The HTTP API: one file per endpoint, each with its request, response, errors and handler.
//!
//! - Who may call what stands in one table, [`access`]; what is not in it, nobody may call.
//! - Errors are problem details ([`problem::Problem`], RFC 9457).
//! - A command may bear an `Idempotency-Key`; its answer says at which position its effect can be read (`Gatehouse-Position`),
//!   and a read may ask for an answer at that position or later (`Gatehouse-Min-Position`).
//! - The description (OpenAPI 3.1) is served at `/v1/openapi.json` and can be browsed at `/docs`, offline.

pub mod access;
pub mod accesses;
pub mod account;
pub mod applications;
pub mod body;
pub mod caller;
pub mod checks;
pub mod command;
pub mod cookie;
pub mod credentials;
pub mod downstream;
pub mod erasures;
pub mod events;
pub mod extract;
pub mod fields;
pub mod first_login;
pub mod found;
pub mod headers;
pub mod history;
pub mod human_check;
pub mod invitations;
pub mod limits;
pub mod mails;
pub mod network;
pub mod offers;
pub mod organizations;
pub mod persons;
pub mod position;
pub mod problem;
mod reads;
pub mod registrations;
pub mod relationships;
pub mod review;
mod router;
pub mod schemas;
pub mod server;
pub mod services;
pub mod sessions;
pub mod sign_in;
pub mod snapshot;
pub mod status;
pub mod subscriptions;
pub mod tokens;
pub mod upload;
pub mod users;
pub mod wrong;

pub use downstream::Downstream;
pub use router::{description, router, table};
pub use services::{Inner, ReadModels, Services};
