//! What tests need beyond git and a Rust toolchain: found, or installed where this machine allows it.

mod nats;
mod python;
mod requirements;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::ensure;

use crate::process::Run;
use crate::repository::Repository;

/// Environment variables that tests are run with.
pub(crate) type Environment = Vec<(&'static str, OsString)>;

/// Finds or installs everything that a test needs today.
///
/// # Errors
/// When something is missing and cannot be installed here; the message says what to install.
pub(crate) fn run(repository: &Repository) -> anyhow::Result<Environment> {
    for requirement in requirements::needed() {
        requirement.satisfy(repository)?;
    }
    let python = python::environment(repository)?;
    println!("python for test servers: {}", python.display());
    let nats = nats::server(repository, &python)?;
    println!("nats-server for tests: {}", nats.display());
    Ok(vec![("GATEHOUSE_TEST_PYTHON", python.into_os_string()), ("GATEHOUSE_TEST_NATS_SERVER", nats.into_os_string())])
}

/// Builds the service and says where the binary is.
///
/// # Errors
/// When it does not compile.
pub(crate) fn service_binary(repository: &Repository, release: bool) -> anyhow::Result<PathBuf> {
    let build = Run::cargo(repository.root()).args(["build", "--quiet", "--package", "gatehouse", "--bin", "gatehouse"]);
    let (build, profile) = if release { (build.args(["--release"]), "release") } else { (build, "debug") };
    build.run()?;
    let binary = repository.target().join(profile).join(format!("gatehouse{}", std::env::consts::EXE_SUFFIX));
    ensure!(binary.is_file(), "cargo built the service, but not to {}", binary.display());
    Ok(binary)
}
