//! `cargo xtask test`: sets up what tests need, builds the service and runs every test against real servers.

use std::ffi::OsString;
use std::sync::Mutex;

use anyhow::ensure;
use clap::Args;
use test_support::servers::PostgresServer;

use crate::process::Run;
use crate::repository::Repository;
use crate::setup::{self, service_binary};

/// What to run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only the crates' own tests: no journeys against the built service, no documentation tests
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// The long tests too: power cuts, long kill loops
    #[arg(long)]
    full: bool,
    /// Journeys run against an optimized service
    #[arg(long)]
    release: bool,
    /// Only the tests of these packages
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Only tests whose name contains this
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

/// The packages that start the built service.
const AGAINST_THE_SERVICE: &str = "tests";

/// Sets up, builds and runs. Documentation tests come first, so that the runner's summary is the last that is read.
///
/// # Errors
/// When something that tests need cannot be had, the build fails, or a test does.
pub(crate) fn run(repository: &Repository, options: &Options) -> anyhow::Result<()> {
    let mut environment = setup::run(repository)?;
    if !options.quick && (options.package.is_empty() || options.package.iter().any(|name| name == AGAINST_THE_SERVICE)) {
        environment.push(("GATEHOUSE_BIN", service_binary(repository, options.release)?.into_os_string()));
        // J10 starts it as another team would.
        let example = ["build", "--quiet", "--package", "gatehouse-client", "--example", "provision-accounts"];
        Run::cargo(repository.root()).args(example).run()?;
        // The log's other server, where there is no real one.
        Run::cargo(repository.root()).args(["build", "--quiet", "--package", "eventstore-double"]).run()?;
    }
    // One server for all tests that need no server of their own: each makes a database of its own in it.
    let postgres = PostgresServer::start();
    environment.push(("GATEHOUSE_TEST_POSTGRES", postgres.url("").into()));
    if options.full {
        environment.push(("GATEHOUSE_TEST_FULL", "1".into()));
    }
    let with_environment = |run: Run| environment.iter().fold(run, |run, (name, value)| run.env(name, value));
    // Cargo refuses to look for documentation in a package without a library, so only the whole workspace is asked.
    if !options.quick && options.package.is_empty() {
        let documentation = Run::cargo(repository.root()).args(["test", "--quiet", "--doc", "--workspace"]).args(&options.filter);
        with_environment(documentation).run()?;
    }
    let nextest = Run::cargo(repository.root()).args(["nextest", "--version"]).succeeds();
    let tests = Run::cargo(repository.root());
    let tests = if nextest {
        let profile = if options.full { "full" } else { "default" };
        tests.args(["nextest", "run", "--profile", profile, "--no-tests", "pass"]).args(selection(options)).args(&options.filter)
    } else {
        println!("cargo-nextest is not installed: running the tests with cargo test");
        let kinds = ["test", "--no-fail-fast", "--all-targets"];
        tests.args(kinds).args(selection(options)).args(&options.filter)
    };
    // Before all others, so that the summary of those is the last that is read.
    if nextest && !options.quick && options.package.is_empty() && options.filter.is_none() {
        journeys_on_all_stores(repository, &environment)?;
    }
    with_environment(tests).run()
}

/// The combinations of stores (`tests/src/stores.rs`) besides the data folder, with which every test runs.
const COMBINATIONS: [&str; 5] = ["postgres-log", "postgres-views", "instances", "eventstore-log", "eventstore-instances"];

/// The journeys that must pass on each of them.
const JOURNEYS: &str = "test(/^j[123568]_/)";

/// The journeys on all combinations, some at once, since they wait as much as they work; what they say is printed one combination after the
/// other.
fn journeys_on_all_stores(repository: &Repository, environment: &[(&str, OsString)]) -> anyhow::Result<()> {
    // Built once before, instead of by one of them while the others wait.
    Run::cargo(repository.root()).args(["nextest", "run", "--no-run", "--package", AGAINST_THE_SERVICE, "--test", "journeys"]).run()?;
    let journeys = |stores: &str| {
        let arguments = ["nextest", "run", "--package", AGAINST_THE_SERVICE, "--test", "journeys", "--filterset", JOURNEYS];
        let run = Run::cargo(repository.root()).args(arguments).env("GATEHOUSE_TEST_STORES", stores);
        environment.iter().fold(run, |run, (name, value)| run.env(name, value)).heard()
    };
    let left = Mutex::new(COMBINATIONS.iter());
    let next = || left.lock().ok().and_then(|mut left| left.next());
    let some = || std::iter::from_fn(next).map(|stores| (*stores, journeys(stores))).collect::<Vec<_>>();
    let ran: Vec<_> = std::thread::scope(|scope| {
        let runs = [(); AT_ONCE].map(|()| scope.spawn(some));
        runs.into_iter().flat_map(|run| run.join().unwrap_or_default()).collect()
    });
    ensure!(ran.len() == COMBINATIONS.len(), "the journeys could not be followed on all combinations of stores");
    let mut failed = Vec::new();
    for (stores, run) in ran {
        let (said, succeeded) = run?;
        println!("journeys with stores: {stores}\n{said}");
        failed.extend((!succeeded).then_some(stores));
    }
    ensure!(failed.is_empty(), "journeys failed with stores: {}", failed.join(", "));
    Ok(())
}

/// How many combinations run at once: two keep two cores busy.
const AT_ONCE: usize = 2;

/// Which packages, as arguments that cargo and nextest share.
fn selection(options: &Options) -> Vec<String> {
    if !options.package.is_empty() {
        return options.package.iter().flat_map(|name| ["--package".to_owned(), name.clone()]).collect();
    }
    let mut arguments = vec!["--workspace".to_owned()];
    if options.quick {
        arguments.extend(["--exclude".to_owned(), AGAINST_THE_SERVICE.to_owned()]);
    }
    arguments
}
