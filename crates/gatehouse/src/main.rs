//! The binary `gatehouse`: composition root, service and command line.
//!
//! [`service`] puts the parts together, in the order in which they lean on each other; [`serve`] runs them behind HTTP;
//! `admin` is the operator's own channel, a socket in the data folder, which every command that acts on data goes through;
//! `commands` are those commands as they are typed and printed.

mod admin;
mod api;
mod background;
mod backup;
mod cli;
mod clock;
mod commands;
mod config;
mod demo;
mod failure;
mod folder;
mod forget;
mod forgotten;
mod health;
mod log;
mod mailing;
mod moving;
mod output;
mod publishing;
mod read_models;
mod secrets;
mod serve;
mod service;
mod shared;
mod staff_openid;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use crate::cli::Cli;
use crate::failure::Failure;

/// What one thread allocates here, another often frees: a command's events go from a request to the log's writer. The system's
/// allocator takes locks for that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Before anything can open a TLS connection: two providers in one process and rustls cannot choose. It fails only if one
    // was installed already, and nothing ran before this.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // Whatever this process writes is for its owner only: the log, read models and mails hold personal data.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the service cannot start its threads: {error}")))?;
    let result = runtime.block_on(commands::run(cli));
    // What still blocks (a long read of the log, say) must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}
