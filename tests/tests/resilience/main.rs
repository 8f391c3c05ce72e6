//! What is told to be done is done: whatever is killed, whenever.

#![allow(clippy::disallowed_methods, reason = "tests of the real process read the real clock")]

mod history;
mod kill9;
mod kill9_clients;
mod power_cut;
