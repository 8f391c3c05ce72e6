//! The built service as a process that can be killed at any moment.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use super::child::{ChildProcess, last_lines};
use super::http::status_of;
use super::target_folder;

/// How long the service may take to be ready, unless a test says otherwise.
const TIME_TO_BE_READY: Duration = Duration::from_secs(60);

/// What the service writes on standard output, followed by its address, once it listens.
const LISTENING: &str = "listening on http://";

/// The built binary, ready for arguments: from `GATEHOUSE_BIN` (set by `cargo xtask test`), or beside this test's own binary. Settings
/// of the service in this process's environment are not passed on.
///
/// # Panics
/// When the service is not built.
#[must_use]
pub fn gatehouse_command() -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GATEHOUSE_")) {
        command.env_remove(name);
    }
    command
}

fn binary() -> PathBuf {
    let binary = match std::env::var_os("GATEHOUSE_BIN") {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        Some(_) | None => {
            let beside = ["debug", "release"].map(|profile| target_folder().join(profile).join("gatehouse"));
            let own = std::env::current_exe().ok().and_then(|test| Some(test.ancestors().nth(2)?.join("gatehouse")));
            own.into_iter().chain(beside).find(|path| path.is_file()).unwrap_or_default()
        }
    };
    assert!(binary.is_file(), "the service is not built: run `cargo xtask test`, or `cargo build -p gatehouse` first");
    binary
}

/// How to start a [`GatehouseProcess`].
#[derive(Debug)]
pub struct GatehouseBuilder {
    command: Command,
    ready: Option<String>,
    limit: Duration,
    stderr: Option<PathBuf>,
}

impl GatehouseBuilder {
    fn new(command: Command) -> Self {
        Self { command, ready: Some("/readyz".to_owned()), limit: TIME_TO_BE_READY, stderr: None }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Waits until this path is answered with 200 (default `/readyz`); none: only until it says that it listens.
    #[must_use]
    pub fn ready_when(mut self, path: Option<&str>) -> Self {
        self.ready = path.map(str::to_owned);
        self
    }

    /// How long it may take to be ready (default a minute).
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Appends its standard error to this file, which stays; by default it goes with the process.
    #[must_use]
    pub fn stderr_to(mut self, file: &Path) -> Self {
        self.stderr = Some(file.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it ends or is not ready in time; the message holds the end of its standard error.
    #[must_use]
    pub fn start(self) -> GatehouseProcess {
        self.try_start()
            .unwrap_or_else(|failure| panic!("gatehouse did not get ready ({:?}):\n{}", failure.status, last_lines(&failure.stderr, 40)))
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before it is ready, or is not in time (it is killed then).
    pub fn try_start(self) -> Result<GatehouseProcess, StartFailure> {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let stderr = self.stderr.unwrap_or_else(|| folder.path().join("stderr.log"));
        let mut child = ChildProcess::start(self.command, &stderr);
        let address = child.wait_for_line(self.limit, |line| {
            let rest = line.split_once(LISTENING)?.1;
            rest.split(|c: char| c == '/' || c.is_whitespace()).next()?.parse::<SocketAddr>().ok()
        });
        let ready =
            address.filter(|address| self.ready.as_deref().is_none_or(|path| becomes_ready(&mut child, *address, path, self.limit)));
        match ready {
            Some(address) => Ok(GatehouseProcess { child, address, _folder: folder }),
            None => {
                // A process that closed its output is about to end: its status says more than ours would.
                let status = if address.is_none() { ended_soon(&mut child) } else { child.ended() };
                child.kill();
                Err(StartFailure { status, stdout: child.stdout(), stderr: child.stderr() })
            }
        }
    }
}

fn becomes_ready(child: &mut ChildProcess, address: SocketAddr, path: &str, limit: Duration) -> bool {
    let mut ready = false;
    let started = std::time::Instant::now();
    crate::wait_until("an answer about readiness or an end", limit.saturating_mul(2), || {
        ready = status_of(address, path) == Some(200);
        ready || child.ended().is_some() || started.elapsed() >= limit
    });
    ready
}

fn ended_soon(child: &mut ChildProcess) -> Option<ExitStatus> {
    let started = std::time::Instant::now();
    let patience = Duration::from_secs(2);
    crate::wait_until("its end", patience.saturating_mul(2), || child.ended().is_some() || started.elapsed() >= patience);
    child.ended()
}

/// Why the service did not get ready.
#[derive(Debug)]
pub struct StartFailure {
    /// How it ended; none when it was still running when the time was over.
    pub status: Option<ExitStatus>,
    /// What it wrote on standard output.
    pub stdout: Vec<String>,
    /// What it wrote on standard error.
    pub stderr: String,
}

/// A running service. Dropping it kills it; what is in its data folder stays.
#[derive(Debug)]
pub struct GatehouseProcess {
    child: ChildProcess,
    address: SocketAddr,
    /// Holds standard error while the process is there.
    _folder: TempDir,
}

impl GatehouseProcess {
    /// `gatehouse serve --data DATA --listen 127.0.0.1:0`, to which more arguments can be added.
    ///
    /// # Panics
    /// When the service is not built.
    #[must_use]
    pub fn serve(data: &Path) -> GatehouseBuilder {
        Self::command(["serve".into(), "--data".into(), data.as_os_str().to_owned(), "--listen".into(), OsString::from("127.0.0.1:0")])
    }

    /// Any command of the binary that goes on running and says where it listens.
    ///
    /// # Panics
    /// When the service is not built.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> GatehouseBuilder {
        let mut command = gatehouse_command();
        command.args(arguments);
        GatehouseBuilder::new(command)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path (which starts with `/`).
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lines on standard output so far.
    #[must_use]
    pub fn stdout(&self) -> Vec<String> {
        self.child.stdout()
    }

    /// Standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.child.stderr()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.ended().is_none()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill9(mut self) {
        self.child.kill();
    }

    /// Waits until it has ended by itself (at most 30 s), and says how.
    ///
    /// # Panics
    /// When it does not end.
    #[must_use]
    pub fn ended(mut self) -> ExitStatus {
        crate::wait_until("the service to end", Duration::from_secs(30), || self.child.ended().is_some());
        self.child.ended().expect("it has just ended")
    }

    /// SIGTERM, waits until it ended (at most 30 s), and says how.
    ///
    /// # Panics
    /// When it does not end.
    #[must_use]
    pub fn terminate(mut self) -> ExitStatus {
        self.child.terminate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::python;

    /// A process that behaves as the service does at its start, so that these tests need no built service.
    const LISTENER: &str = r#"
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(200 if self.path == "/readyz" and Handler.asked > 2 else 503)
        self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("a line of something else", flush=True)
print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
print("serving", file=sys.stderr, flush=True)
server.serve_forever()
"#;

    fn running(program: impl AsRef<OsStr>, script: &str) -> GatehouseBuilder {
        let mut command = Command::new(program);
        command.args(["-c", script]);
        GatehouseBuilder::new(command)
    }

    #[test]
    fn a_process_is_ready_when_its_readiness_is_answered_with_200() {
        let mut process = running(python(), LISTENER).start();
        assert!(process.is_running());
        assert_eq!(process.url("/x"), format!("http://{}/x", process.address()));
        assert_eq!(process.stdout().first().map(String::as_str), Some("a line of something else"));
        crate::wait_until("its word on standard error", TIME_TO_BE_READY, || process.stderr() == "serving\n");
        let address = process.address();
        process.kill9();
        assert_eq!(status_of(address, "/readyz"), None);
    }

    #[test]
    fn a_process_that_is_asked_to_end_says_how_it_ended() {
        let script = "trap 'kill $!; exit 7' TERM; echo listening on http://127.0.0.1:9; sleep 600 & wait";
        let process = running("sh", script).ready_when(None).start();
        assert_eq!(process.terminate().code(), Some(7));
    }

    #[test]
    fn a_process_that_ends_before_it_is_ready_is_a_failure_with_its_status_and_its_words() {
        let failure = running("sh", "echo the folder is in use >&2; exit 3").try_start().unwrap_err();
        assert_eq!(failure.status.and_then(|status| status.code()), Some(3));
        assert_eq!(failure.stderr, "the folder is in use\n");
    }

    #[test]
    fn a_process_that_is_never_ready_is_killed_when_its_time_is_over() {
        let script = "echo listening on http://127.0.0.1:9; exec sleep 600";
        let failure = running("sh", script).within(Duration::from_millis(200)).try_start().unwrap_err();
        assert_eq!(failure.status, None);
        assert_eq!(failure.stdout, ["listening on http://127.0.0.1:9"]);
    }
}
