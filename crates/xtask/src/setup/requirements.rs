//! The programs that tests start, as a table: how to see that one is there, and the Debian packages that bring it.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::process::{Run, find_program};
use crate::repository::Repository;

/// Something that must be installed before tests run.
#[derive(Debug)]
pub(super) struct Requirement {
    /// As a person calls it.
    name: &'static str,
    probe: Probe,
    /// Debian packages that bring it.
    packages: &'static [&'static str],
    /// The files that ask for it; a requirement that none uses is not installed.
    used_by: &'static [&'static str],
}

/// How to see that a requirement is met.
#[derive(Debug)]
enum Probe {
    /// A program on `PATH`, or in one of these folders, in which one `*` stands for any name.
    Program { name: &'static str, folders: &'static [&'static str] },
    /// A command that ends well.
    Command { program: &'static str, arguments: &'static [&'static str] },
}

const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        name: "Python 3 with venv",
        probe: Probe::Command { program: "python3", arguments: &["-c", "import venv, ensurepip, ssl"] },
        packages: &["python3", "python3-venv"],
        used_by: &["crates/test-support/src/servers/smtp.rs", "crates/test-support/src/servers/openid.rs"],
    },
    Requirement {
        name: "openssl",
        probe: Probe::Program { name: "openssl", folders: &[] },
        packages: &["openssl"],
        used_by: &["deploy/nats/certificates.sh"],
    },
    Requirement {
        name: "PostgreSQL",
        probe: Probe::Program { name: "postgres", folders: &["/usr/lib/postgresql/*/bin"] },
        packages: &["postgresql"],
        used_by: &["crates/test-support/src/servers/postgres.rs"],
    },
    Requirement { name: "Chromium", probe: Probe::Program { name: "chromium", folders: &[] }, packages: &["chromium"], used_by: &[] },
    Requirement {
        name: "Chromium's driver",
        probe: Probe::Program { name: "chromedriver", folders: &[] },
        packages: &["chromium-driver"],
        used_by: &[],
    },
];

/// The NATS server, where the pinned one cannot be had.
pub(super) const NATS_SERVER: Requirement = Requirement {
    name: "the NATS server",
    probe: Probe::Program { name: "nats-server", folders: &["/usr/sbin"] },
    packages: &["nats-server"],
    used_by: &["crates/test-support/src/servers/nats.rs"],
};

/// Those that some test needs today.
pub(super) fn needed() -> impl Iterator<Item = &'static Requirement> {
    REQUIREMENTS.iter().filter(|requirement| !requirement.used_by.is_empty())
}

impl Requirement {
    /// Installs it unless it is there.
    ///
    /// # Errors
    /// When it is missing and this user may not install packages, or the installation does not bring it.
    pub(super) fn satisfy(&self, repository: &Repository) -> anyhow::Result<()> {
        if self.is_met(repository) {
            return Ok(());
        }
        let packages = self.packages.join(" ");
        let wanted = format!("tests need {}: install the packages {packages} (used by {})", self.name, self.used_by.join(", "));
        if find_program("apt-get", &[]).is_none() {
            bail!("{wanted}");
        }
        let Some(prefix) = privileges(repository) else {
            bail!("{wanted}, for example with `apt-get install {packages}` as root");
        };
        println!("installing {}: {packages}", self.name);
        let apt = |arguments: &[&str]| {
            let command = prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]);
            Run::new("env", repository.root()).args(command).args(arguments).run()
        };
        apt(&["update"]).with_context(|| wanted.clone())?;
        apt(&["install", "--yes", "--no-install-recommends"].into_iter().chain(self.packages.iter().copied()).collect::<Vec<_>>())
            .with_context(|| wanted.clone())?;
        if !self.is_met(repository) {
            bail!("{packages} installed, and {} is still not there", self.name);
        }
        Ok(())
    }

    /// Where its program is; none for a requirement that is no program, or is not met.
    pub(super) fn program(&self) -> Option<PathBuf> {
        match &self.probe {
            Probe::Program { name, folders } => {
                let folders: Vec<PathBuf> = folders.iter().flat_map(|pattern| expand(pattern)).collect();
                find_program(name, &folders)
            }
            Probe::Command { .. } => None,
        }
    }

    fn is_met(&self, repository: &Repository) -> bool {
        match &self.probe {
            Probe::Program { .. } => self.program().is_some(),
            Probe::Command { program, arguments } => Run::new(program, repository.root()).args(*arguments).succeeds(),
        }
    }
}

/// The words that must precede a command to run it as root: none for root, `sudo` where it asks for no password.
fn privileges(repository: &Repository) -> Option<&'static [&'static str]> {
    let user = Run::new("id", repository.root()).args(["-u"]).output().unwrap_or_default();
    if user.trim() == "0" {
        return Some(&[]);
    }
    Run::new("sudo", repository.root()).args(["-n", "true"]).succeeds().then_some(&["sudo", "-n"])
}

/// Folders that a pattern with at most one `*` segment means.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((parent, rest)) = pattern.split_once("/*/") else {
        return vec![PathBuf::from(pattern)];
    };
    let entries = std::fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path().join(rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_a_folder_stands_for_any_name() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["15", "17"] {
            std::fs::create_dir_all(folder.path().join(version).join("bin")).unwrap();
        }
        let mut found = expand(&format!("{}/*/bin", folder.path().display()));
        found.sort();
        assert_eq!(found, ["15/bin", "17/bin"].map(|end| folder.path().join(end)));
    }

    #[test]
    fn every_requirement_in_use_names_sources_that_exist() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for source in needed().chain([&NATS_SERVER]).flat_map(|requirement| requirement.used_by) {
            assert!(root.join(source).is_file(), "{source}");
        }
    }
}
