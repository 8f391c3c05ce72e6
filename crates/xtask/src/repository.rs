//! Where the repository is, and which files belong to it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::process::Run;

/// The working copy that the command was started in.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository around this tool's manifest, or around the current folder when it was not started by cargo.
    ///
    /// # Errors
    /// When no folder upwards holds a `Cargo.toml` with a `[workspace]` table.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_dir().context("cannot tell the current folder")?,
        };
        for folder in start.ancestors() {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            if manifest.lines().any(|line| line.trim() == "[workspace]") {
                return Ok(Self { root: folder.to_owned() });
            }
        }
        bail!("{} is not inside the Gatehouse repository", start.display())
    }

    /// The root folder, absolute.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder: `CARGO_TARGET_DIR`, or `target` in the root.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) if !folder.is_empty() => self.root.join(folder),
            Some(_) | None => self.root.join("target"),
        }
    }

    /// Where tools that tests and checks need are installed; wiped with the target folder.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target().join("tools")
    }

    /// Files of the repository that exist, relative to the root, with `/` between segments: tracked, or new and not ignored.
    ///
    /// # Errors
    /// When git cannot be run or this is not a git working copy.
    pub(crate) fn files(&self) -> anyhow::Result<BTreeSet<String>> {
        let listing = Run::new("git", self.root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output()?;
        Ok(listing.split('\0').filter(|path| !path.is_empty() && self.root.join(path).is_file()).map(str::to_owned).collect())
    }
}
