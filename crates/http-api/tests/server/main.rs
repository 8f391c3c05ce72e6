//! The service at the level of connections: what clients that mean ill can send, and what every answer says to browsers.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod connections;
mod headers;
mod heads;
mod limits;
mod line;
mod slow;
