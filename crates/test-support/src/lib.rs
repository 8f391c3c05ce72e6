//! What tests of several crates share: real servers on free ports, and waiting for a condition.
//!
//! Only tests use this crate, and the helpers panic with a sentence that says what was expected: a test that cannot have its
//! server has failed.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "only tests use this crate: a helper that cannot do its work fails the test, loudly"
)]

#[cfg(feature = "passkeys")]
pub mod passkeys;
pub mod servers;
mod wait;

pub use wait::{eventually, wait_until};
