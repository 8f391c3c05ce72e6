//! The command line, by the real binary: with the service running and without it.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and says why it is skipped"
)]

mod backup;
mod catalogue;
mod configuration;
mod demo;
mod failing_disk;
mod folder;
mod forgetting;
mod health;
mod inventory;
mod people;
mod stores;

use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, gatehouse_command};

/// Whether the service runs while a command is given.
#[derive(Debug, Clone, Copy)]
enum While {
    /// It runs: the command goes over its socket.
    Running,
    /// It does not: the command opens the folder itself.
    Stopped,
}

/// A data folder that a service has been run on, and the service, if it still runs.
struct Place {
    folder: TempDir,
    service: Option<GatehouseProcess>,
}

impl Place {
    fn new(when: While) -> Self {
        let folder = TempDir::new().unwrap();
        let service = GatehouseProcess::serve(&folder.path().join("data")).start();
        let mut place = Self { folder, service: Some(service) };
        if matches!(when, While::Stopped) {
            place.stop();
        }
        place
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// SIGTERM, and the end of the service.
    fn stop(&mut self) {
        let status = self.service.take().map(GatehouseProcess::terminate);
        assert!(status.is_some_and(|status| status.success()), "the service did not end well: {status:?}");
    }

    /// Runs a command on the folder, and gives what it wrote on standard output.
    fn ask(&self, arguments: &[&str]) -> String {
        ask(&self.data(), arguments)
    }

    /// Runs a command on the folder that is refused with this status, and gives what it wrote on standard error.
    fn refused(&self, status: i32, arguments: &[&str]) -> String {
        refused(&self.data(), status, arguments)
    }
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    gatehouse_command().args(arguments).arg("--data").arg(data).output().unwrap()
}

fn ask(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert!(output.status.success(), "{arguments:?} ended with {:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(data: &Path, status: i32, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?} said {said}");
    said
}
