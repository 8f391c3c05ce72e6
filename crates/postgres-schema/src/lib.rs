//! What all that Gatehouse keeps in PostgreSQL has in common: how a database is reached, that each crate has a schema of its own in it,
//! and how the tables of a schema are brought up to date.
//!
//! A [`Server`] is what an operator configures. [`Server::schema`] opens a [`Schema`] of it: made if it is not there, migrated, refused if
//! the server would not keep what it acknowledges. Connections come with the schema as their search path, so statements name tables
//! without a prefix.

mod error;
mod migrate;
mod patience;
mod server;
mod tables;
mod vacuum;

pub use error::SchemaError;
pub use migrate::Step;
pub use patience::Patience;
pub use server::{Limits, Schema, Server};
pub use tables::{Contents, Kind, Table, TablesError, export, import};
pub use vacuum::Vacuum;
