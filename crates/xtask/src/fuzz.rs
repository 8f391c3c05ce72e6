//! Long runs of the fuzz targets: libFuzzer over `crates/fuzz-targets`, on the stable compiler.
//!
//! cargo-fuzz wants a nightly compiler for its sanitizers. Coverage alone does not: the compiler is told to have LLVM's pass put counters into
//! our own crates (what others wrote is fuzzed by others, and is compiled once). Rust has no undefined behaviour to look for here, since
//! `unsafe` is forbidden: what is looked for is a panic, an assertion, an overflow, too much memory or time.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, bail};

use crate::process::Run;
use crate::repository::Repository;

/// Says that this program was started as the compiler's wrapper.
const WRAPPER: &str = "GATEHOUSE_FUZZ_WRAPPER";
/// What has the compiler count which edges are taken and what is compared, as libFuzzer wants it.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];
/// The package with the targets.
const PACKAGE: &str = "fuzz-targets";

/// What to fuzz for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target; all of them, one after the other, unless one is named.
    target: Option<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 5, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
}

/// Builds the engine and runs it. What breaks a target stays in `target/fuzz/found/<target>/`; put it into the target's corpus with the repair.
/// What led somewhere new stays in `target/fuzz/grown/<target>/`, where the next run goes on from.
///
/// # Errors
/// When it cannot be built, there is no such target, or something was found.
pub(crate) fn run(repository: &Repository, options: &Options) -> anyhow::Result<()> {
    let root = repository.root();
    let own = std::env::current_exe().context("this program cannot be found")?;
    let build = Run::cargo(root).args(["build", "--package", PACKAGE, "--features", "engine", "--bin", "fuzz"]);
    build.env("RUSTC_WORKSPACE_WRAPPER", own).env(WRAPPER, "1").run()?;
    let engine = repository.target().join("debug/fuzz");
    let corpora = root.join("crates").join(PACKAGE).join("corpus");
    let mut names: Vec<OsString> = std::fs::read_dir(&corpora)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
    names.sort();
    if let Some(target) = &options.target {
        names.retain(|name| name.to_str() == Some(target));
        if names.is_empty() {
            bail!("there is no target {target}: its corpus would be {}", corpora.join(target).display());
        }
    }
    let mut failed = Vec::new();
    for name in &names {
        let (grown, found) = (repository.target().join("fuzz/grown").join(name), repository.target().join("fuzz/found").join(name));
        std::fs::create_dir_all(&grown)?;
        std::fs::create_dir_all(&found)?;
        println!("fuzzing {} for {} minutes", name.display(), options.minutes);
        let mut artifacts = OsString::from("-artifact_prefix=");
        artifacts.push(found.join(""));
        let time = format!("-max_total_time={}", u64::from(options.minutes) * 60);
        let fuzz = Run::new(&engine, root).env("GATEHOUSE_FUZZ_TARGET", name);
        let limits = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-print_funcs=0", "-verbosity=0"];
        let ended = fuzz.args(limits).args([time.into(), artifacts, grown.into_os_string(), corpora.join(name).into_os_string()]).run();
        if let Err(error) = ended {
            failed.push(format!("{}: {error:#}", name.display()));
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("something was found: {}", failed.join("; ")) }
}

/// Whether this program was started as the compiler's wrapper; if so, compiles, with counters, and gives back how that ended.
pub(crate) fn as_wrapper() -> Option<anyhow::Result<()>> {
    std::env::var_os(WRAPPER)?;
    let mut arguments = std::env::args_os().skip(1);
    let compile = || {
        let compiler = arguments.next().context("a wrapper is told which compiler to run")?;
        let status = Command::new(compiler).args(arguments).args(COVERAGE).status().context("the compiler cannot be started")?;
        if status.success() { Ok(()) } else { bail!("the compiler failed ({status})") }
    };
    Some(compile())
}
