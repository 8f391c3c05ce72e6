//! What follows from what, and that it follows once, wherever the process is killed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod endings;
mod forgetting;
mod onboarding;
mod relationships;
mod reservations;
mod resets;
mod second_factors;
mod secrets;
mod time;
mod world;
