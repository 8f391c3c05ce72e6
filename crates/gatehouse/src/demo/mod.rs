//! `gatehouse demo`: the service on a fresh data folder that is filled with believable registrations.

use crate::cli::Demo;
use crate::config::Config;
use crate::failure::Failure;

/// Fills a fresh data folder and serves it.
///
/// # Errors
/// The folder is not fresh, or cannot be filled.
pub(crate) async fn run(_flags: Demo, _config: Config) -> Result<(), Failure> {
    Err(Failure::failed("this version cannot make demonstration data yet: `gatehouse serve` runs the service on an empty folder"))
}
