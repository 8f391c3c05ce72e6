//! Staff sign in by an identity provider: a real one, started by each test, with the browser in between played.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod refusals;
mod ways_in;
mod world;
