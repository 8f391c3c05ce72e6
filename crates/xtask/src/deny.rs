//! `cargo xtask deny`: the rules of `deny.toml` over everything that we link.

use std::path::PathBuf;

use anyhow::Context;

use crate::process::{Run, find_program};
use crate::repository::Repository;

/// The version whose rules `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Built to be used once, so built fast: no optimization, no debug information, no network features beyond the index.
const FAST_BUILD: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
];

/// Finds or builds cargo-deny and runs it.
///
/// # Errors
/// When it cannot be built, or a rule is broken.
pub(crate) fn run(repository: &Repository) -> anyhow::Result<()> {
    let program = find_or_build(repository)?;
    let deny = || Run::new(&program, repository.root()).args(["--workspace", "--locked"]);
    deny().args(["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]).run()?;
    if advisories_present() {
        return deny().args(["--offline", "check", "--hide-inclusion-graph", "advisories"]).run();
    }
    println!("advisories: not checked, there is no advisory database on this machine (`cargo deny fetch` gets it)");
    Ok(())
}

fn find_or_build(repository: &Repository) -> anyhow::Result<PathBuf> {
    let folder = repository.tools().join(format!("cargo-deny-{VERSION}"));
    let found = find_program("cargo-deny", &[folder.join("bin")]).filter(|program| {
        let version = Run::new(program, repository.root()).args(["--version"]).output();
        version.is_ok_and(|version| version.trim().ends_with(VERSION))
    });
    if let Some(program) = found {
        return Ok(program);
    }
    println!("building cargo-deny {VERSION} into {}", folder.display());
    let mut install = Run::cargo(repository.root())
        .args(["install", "cargo-deny", "--quiet", "--locked", "--no-default-features", "--version", VERSION, "--root"])
        .args([&folder])
        .env("CARGO_TARGET_DIR", repository.tools().join("build"));
    for (name, value) in FAST_BUILD {
        install = install.env(name, value);
    }
    install.run()?;
    std::fs::remove_dir_all(repository.tools().join("build")).context("cannot remove what was built on the way")?;
    Ok(folder.join("bin").join("cargo-deny"))
}

/// Whether the advisory database was fetched at some time to where cargo-deny looks for it.
fn advisories_present() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let entries = home.and_then(|home| std::fs::read_dir(home.join("advisory-dbs")).ok());
    entries.is_some_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| entry.path().is_dir())))
}
