//! Running other programs, with errors that name the command.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// A command to run in a folder. Environment variables add to those of this process.
#[derive(Debug)]
pub(crate) struct Run {
    command: Command,
}

impl Run {
    /// `program` (looked up on `PATH`), to be run in `folder`.
    pub(crate) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        Self { command }
    }

    /// The cargo that started this tool, to be run in `folder`.
    pub(crate) fn cargo(folder: &Path) -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")), folder)
    }

    /// Adds arguments.
    pub(crate) fn args<I, S>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it with our standard output and error.
    ///
    /// # Errors
    /// When it cannot be started or does not end well.
    pub(crate) fn run(mut self) -> anyhow::Result<()> {
        let said = self.describe();
        let status = self.command.status().with_context(|| format!("cannot start `{said}`"))?;
        if !status.success() {
            bail!("`{said}` failed ({status})");
        }
        Ok(())
    }

    /// Runs it and gives back what it wrote on standard output.
    ///
    /// # Errors
    /// When it cannot be started or does not end well (with what it wrote on standard error), or its output is not UTF-8.
    pub(crate) fn output(mut self) -> anyhow::Result<String> {
        let said = self.describe();
        let output = self.command.output().with_context(|| format!("cannot start `{said}`"))?;
        if !output.status.success() {
            bail!("`{said}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{said}` did not write UTF-8"))
    }

    /// Runs it and gives back what it said, first on standard output, then on standard error, and whether it ended well.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn heard(mut self) -> anyhow::Result<(String, bool)> {
        let output = self.command.output().with_context(|| format!("cannot start `{}`", self.describe()))?;
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok((said, output.status.success()))
    }

    /// Whether it can be started and ends well; it is not heard.
    pub(crate) fn succeeds(mut self) -> bool {
        self.command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    fn describe(&self) -> String {
        let program = Path::new(self.command.get_program()).file_name().unwrap_or(self.command.get_program());
        std::iter::once(program).chain(self.command.get_args()).map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
}

/// The first executable file of that name on `PATH` or in one of `folders`.
pub(crate) fn find_program(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(folders.iter().cloned()).map(|folder| folder.join(name)).find(|file| file.is_file())
}
