//! The rules of a registration, one test each (domain, part 3, "Who acts", J1, J6, J8).
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

mod cases;
mod decision;
mod filling;
mod journey;
mod properties;
mod review;
mod separation;
mod submission;
mod time;
