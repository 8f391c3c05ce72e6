//! What is told to be done is done: whatever is killed, whenever.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests fail loudly, and what is tested runs by the real clock"
)]

mod history;
mod instances;
mod kill9;
mod kill9_clients;
mod kill9_registrants;
mod kill9_stream;
mod power_cut;
