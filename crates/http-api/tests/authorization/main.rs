//! Who may do what: every route of the table, for every kind of caller, on their own and on others' things.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

#[path = "../registering/walk.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod walk;

mod accounts;
mod bodies;
mod callers;
mod cookies;
mod examples;
mod matrix;
mod side;
mod table;
