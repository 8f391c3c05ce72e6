//! From the invitation to the decision, over HTTP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod access;
mod bad_input;
mod invitations;
mod offers;
mod path;
mod review;
mod status;
mod steps;
mod walk;
mod where_from;
