//! Journeys, contracts and resilience against the real binary, and the benches.
//!
//! * `tests/resilience` – `kill -9` under load, power cuts
//! * [`bench`](mod@bench) – the figures of `cargo xtask bench`
//! * [`stores`] – where a test's service keeps what it keeps
//! * [`http`] – the load generator that both share; [`seed`] – a data folder to which companies can be invited
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "only tests and benches use this crate: what cannot do its work fails loudly, reads the real clock and prints figures"
)]

pub mod bench;
pub mod http;
pub mod seed;
pub mod stores;
