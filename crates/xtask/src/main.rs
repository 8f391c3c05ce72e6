//! `cargo xtask`: everything that is done to the repository rather than by the service.
//!
//! It needs git and a Rust toolchain, and it finds or installs the rest. It depends on none of our crates, so
//! that it compiles in seconds and works while they do not.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its standard streams")]

mod bench;
mod check;
mod deny;
mod fuzz;
mod generate;
mod process;
mod published;
mod repository;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repository::Repository;

/// Gatehouse's own tooling.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check who uses whom, paths named in documents, machine paths, manifests, the ADR index and what published schemas promised
    Check,
    /// Write the generated files (schemas, OpenAPI, EVENTS.md)
    Generate {
        /// Fail when what is on disk is not what the generators write, or is not in git
        #[arg(long)]
        check: bool,
    },
    /// Find or install what the tests need, without running them
    Setup,
    /// Set up, build the service and run every test against real servers
    Test(test::Options),
    /// Run the benches: figures are ratios within one run
    Bench(bench::Options),
    /// Fuzz what reads bytes from outside, longer than the tests do
    Fuzz(fuzz::Options),
    /// Check licences, bans, sources and duplicates of the dependencies; advisories where their database is present
    Deny,
}

fn main() -> ExitCode {
    match fuzz::as_wrapper().unwrap_or_else(|| run(Arguments::parse().task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes in one line; a backtrace into this tool helps nobody.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let repository = Repository::find()?;
    match task {
        Task::Check => check::run(&repository),
        Task::Generate { check } => generate::run(&repository, check),
        Task::Setup => setup::run(&repository).map(drop),
        Task::Test(options) => test::run(&repository, &options),
        Task::Bench(options) => bench::run(&repository, &options),
        Task::Fuzz(options) => fuzz::run(&repository, &options),
        Task::Deny => deny::run(&repository),
    }
}
