//! The rules of every aggregate but the registration, one test each, and the invariants that random commands keep (domain,
//! "The parts", J2 to J5, J7).
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by a panic")]

mod access;
mod application;
mod cases;
mod credential;
mod invitation;
mod mail;
mod offers;
mod organization;
mod person;
mod properties;
mod relationship;
mod reservation;
mod service;
mod staff;
mod subscription;
mod user_coming;
mod user_factors;
mod user_life;
mod user_login;
