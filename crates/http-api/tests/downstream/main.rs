//! What downstream services are told over HTTP: events, live and in batches, snapshots, details, erasures.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../../../../projections/public-feed/tests/client/mod.rs"]
mod client;
#[path = "../common/mod.rs"]
mod common;

mod details;
mod erasures;
mod events;
mod schemas;
mod setting;
mod snapshot;
mod stream;
