//! `cargo xtask bench`: builds the service and the bench program with optimizations and passes the flags on.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::process::Run;
use crate::repository::Repository;
use crate::setup::service_binary;

/// Where the bench program's source is.
const SOURCE: &str = "tests/src/bin/bench.rs";

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Write the figures as JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The big sizes (tens of minutes) instead of the quick ones
    #[arg(long)]
    full: bool,
    /// Also run the peers that some figures are ratios over
    #[arg(long)]
    peers: bool,
    /// Only figures whose name contains one of these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Builds and runs the benches.
///
/// # Errors
/// When there is no bench program, it does not compile, or it fails.
pub(crate) fn run(repository: &Repository, options: &Options) -> anyhow::Result<()> {
    let root = repository.root();
    if !root.join(SOURCE).is_file() {
        bail!("there is no bench program: {SOURCE} does not exist");
    }
    let service = service_binary(repository, true)?;
    let mut run = Run::cargo(root).args(["run", "--release", "--package", "tests", "--bin", "bench"]);
    run = run.args(["--"]).env("GATEHOUSE_BIN", service);
    if let Some(file) = &options.json {
        run = run.args(["--json".into(), std::path::absolute(file)?.into_os_string()]);
    }
    let flags = [(options.full, "--full"), (options.peers, "--peers")];
    run.args(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag)).args(&options.names).run()
}
