//! The stand-in for EventStoreDB as a process of its own (`crates/eventstore-double`). It keeps everything in memory, so it is never
//! restarted; what it is killed under is the service.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::child::ChildProcess;
use super::target_folder;

/// How long it may take to listen.
const TIME_TO_START: Duration = Duration::from_secs(30);

/// A running stand-in on a free port of 127.0.0.1. Dropping it ends it, with all that it kept.
#[derive(Debug)]
pub struct EventStoreDouble {
    _child: ChildProcess,
    url: String,
    _folder: TempDir,
}

impl EventStoreDouble {
    /// Starts it, empty.
    ///
    /// # Panics
    /// When it is not built, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mut command = Command::new(binary());
        command.args(["--port", "0"]);
        let child = ChildProcess::start(command, &folder.path().join("stderr"));
        let url = child.wait_for_line(TIME_TO_START, |line| line.contains("://").then(|| line.trim().to_owned()));
        Self { _child: child, url: url.expect("the stand-in for EventStoreDB starts"), _folder: folder }
    }

    /// Its address, as `--log` takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Beside the service, or beside this test's own binary.
fn binary() -> PathBuf {
    let beside_service = std::env::var_os("GATEHOUSE_BIN").map(|bin| PathBuf::from(bin).with_file_name("eventstore-double"));
    let beside = ["debug", "release"].map(|profile| target_folder().join(profile).join("eventstore-double"));
    let found = beside_service.into_iter().chain(beside).find(|path| path.is_file());
    found.expect("the stand-in for EventStoreDB is not built: run `cargo xtask test`, or `cargo build -p eventstore-double` first")
}
