//! A Python environment of our own for test servers, with exactly the packages that are pinned.

use std::path::PathBuf;

use anyhow::Context;

use crate::process::Run;
use crate::repository::Repository;

/// Pinned versions with their hashes; the index is the machine's own.
const REQUIREMENTS: &str = "crates/test-support/requirements.txt";

/// The interpreter of the environment, made or renewed when the pinned versions changed.
///
/// A copy of the pins is written last, so an installation that was cut short is done again.
///
/// # Errors
/// When the environment cannot be made, or a package cannot be fetched or has another hash.
pub(super) fn environment(repository: &Repository) -> anyhow::Result<PathBuf> {
    let folder = repository.tools().join("python");
    let python = folder.join("bin").join("python");
    let installed = folder.join("requirements.txt");
    let wanted = std::fs::read_to_string(repository.root().join(REQUIREMENTS)).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let current = std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted);
    if current && Run::new(&python, repository.root()).args(["-c", "import aiosmtpd, nats, idpyoidc"]).succeeds() {
        return Ok(python);
    }
    println!("installing {REQUIREMENTS} into {}", folder.display());
    Run::new("python3", repository.root()).args(["-m", "venv", "--clear"]).args([&folder]).run()?;
    Run::new(&python, repository.root())
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"])
        .args(["--requirement", REQUIREMENTS])
        .run()
        .context("the packages for test servers could not be installed: does this machine reach its Python package index?")?;
    std::fs::write(&installed, wanted).context("cannot note what was installed")?;
    Ok(python)
}
