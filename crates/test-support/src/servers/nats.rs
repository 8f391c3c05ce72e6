//! A real NATS server with JetStream, which can be killed and started again on the same data and ports.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::child::{ChildProcess, last_lines};
use super::http::status_of;
use super::ports::lasting_port;
use super::target_folder;
use crate::wait_until;

/// How long the server may take to be ready; three of them elect a leader first.
const TIME_TO_START: Duration = Duration::from_secs(60);

/// How often a server is started on other ports when somebody took the first ones meanwhile.
const ATTEMPTS: usize = 5;

/// The program: from `GATEHOUSE_TEST_NATS_SERVER`, from where `cargo xtask setup` puts it, or on `PATH`.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn nats_server() -> PathBuf {
    let given = std::env::var_os("GATEHOUSE_TEST_NATS_SERVER").filter(|path| !path.is_empty()).map(PathBuf::from);
    let installed = target_folder().join("tools/nats/nats-server");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut candidates = given.into_iter().chain([installed]).chain(folders.map(|folder| folder.join("nats-server")));
    candidates.find(|file| file.is_file()).expect("there is no NATS server for tests: run `cargo xtask setup` first")
}

/// Whether the program can be told to sync every message before it acknowledges it (from 2.10).
fn syncs_always(program: &Path) -> bool {
    let said = Command::new(program).arg("--version").output().expect("the NATS server can be started").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let minor = said.split_once("v2.").and_then(|(_, rest)| rest.split('.').next()?.parse::<u32>().ok());
    minor.is_none_or(|minor| minor >= 10)
}

/// How to start a [`NatsServer`].
#[derive(Debug, Clone)]
pub struct NatsServerBuilder {
    name: String,
    config: String,
    sync_always: bool,
    ports: Option<(u16, u16)>,
}

impl NatsServerBuilder {
    /// Its name, by which a cluster says who leads (default `gatehouse-test`).
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Adds to its configuration: accounts, TLS, limits. Listening, monitoring and JetStream's folder are there already.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self.config.push('\n');
        self
    }

    /// Acknowledges before what it acknowledges is on disk, as servers do unless told otherwise: faster, and good enough where the
    /// process is killed, but not the machine.
    #[must_use]
    pub fn lazy(mut self) -> Self {
        self.sync_always = false;
        self
    }

    /// Serves clients and monitoring on these ports instead of free ones.
    #[must_use]
    pub(super) fn ports(mut self, client: u16, monitor: u16) -> Self {
        self.ports = Some((client, monitor));
        self
    }

    /// Starts it, without waiting until it is ready: a member of a cluster is not before there are others.
    pub(super) fn spawn(self) -> NatsServer {
        let (port, monitor) = self.ports.unwrap_or_else(|| (lasting_port(), lasting_port()));
        let folder = TempDir::new().expect("a temporary folder can be made");
        let program = nats_server();
        let options = Self { sync_always: self.sync_always && syncs_always(&program), ..self };
        let mut server = NatsServer { child: None, program, port, monitor, folder, options };
        server.launch();
        server
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Panics
    /// When it does not start; the message says what it wrote.
    #[must_use]
    pub fn start(self) -> NatsServer {
        for _ in 0..ATTEMPTS {
            let mut server = self.clone().spawn();
            if server.becomes_ready(TIME_TO_START) {
                return server;
            }
            assert!(server.log().contains("address already in use"), "the NATS server did not start:\n{}", server.last_words());
        }
        panic!("the NATS server found no free port, {ATTEMPTS} times");
    }
}

/// A running server with JetStream on files of its own, listening on 127.0.0.1. Dropping it kills it and removes what it kept.
#[derive(Debug)]
pub struct NatsServer {
    child: Option<ChildProcess>,
    program: PathBuf,
    port: u16,
    monitor: u16,
    folder: TempDir,
    options: NatsServerBuilder,
}

impl NatsServer {
    /// A server that syncs every message before it acknowledges it, without accounts, on free ports.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server with a name or more configuration.
    #[must_use]
    pub fn builder() -> NatsServerBuilder {
        NatsServerBuilder { name: "gatehouse-test".to_owned(), config: String::new(), sync_always: true, ports: None }
    }

    /// Where clients connect; the same after [`Self::restart`].
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port of [`Self::url`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it answers HTTP about itself (`/healthz`, `/jsz`, `/connz`).
    #[must_use]
    pub fn monitor(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.monitor))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.ended().is_none())
    }

    /// `kill -9`: from now on connections are refused. What it kept stays.
    pub fn kill(&mut self) {
        self.child = None;
    }

    /// Starts it again (killing it first, if it runs) on the same ports with what it kept, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not start, because another process took a port meanwhile, say.
    pub fn restart(&mut self) {
        self.restart_unready();
        assert!(self.becomes_ready(TIME_TO_START), "the NATS server did not start again:\n{}", self.last_words());
    }

    /// As [`Self::restart`], without waiting.
    pub(super) fn restart_unready(&mut self) {
        self.kill();
        self.launch();
    }

    /// Kills it and copies what it keeps, to be brought back by [`Self::restore`].
    ///
    /// # Panics
    /// When the folder cannot be copied.
    #[must_use]
    pub fn save(&mut self) -> SavedData {
        self.kill();
        let saved = TempDir::new().expect("a temporary folder can be made");
        copy_folder(&self.data(), saved.path());
        SavedData(saved)
    }

    /// Kills it and puts back what it kept when that was saved, as an administrator does from a backup. It does not run afterwards.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn restore(&mut self, saved: &SavedData) {
        self.kill();
        std::fs::remove_dir_all(self.data()).expect("the server's folder can be removed");
        copy_folder(saved.0.path(), &self.data());
    }

    /// What it wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Waits until it answers that it is healthy, with JetStream. False when it ends before, or the time is over.
    pub(super) fn becomes_ready(&mut self, limit: Duration) -> bool {
        let started = Instant::now();
        let mut ready = false;
        wait_until("the NATS server to be ready", limit.saturating_mul(2), || {
            ready = status_of(self.monitor(), "/healthz") == Some(200);
            ready || !self.is_running() || started.elapsed() > limit
        });
        ready && self.is_running()
    }

    /// The end of its log.
    pub(super) fn last_words(&self) -> String {
        last_lines(&self.log(), 20)
    }

    /// Everything that it keeps: streams, configuration, log.
    #[must_use]
    pub fn data_folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    fn launch(&mut self) {
        let file = self.folder.path().join("server.conf");
        let sync = if self.options.sync_always { "sync_interval: always" } else { "" };
        let text = format!(
            "server_name: \"{}\"\nlisten: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\njetstream {{\n  store_dir: \"{}\"\n  {sync}\n}}\n{}",
            self.options.name,
            self.port,
            self.monitor,
            self.data().display(),
            self.options.config,
        );
        std::fs::write(&file, text).expect("the server's folder can be written");
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(&file).arg("--log").arg(self.log_file());
        self.child = Some(ChildProcess::start(command, &self.folder.path().join("stderr.log")));
    }
}

/// What a server kept at some time.
#[derive(Debug)]
pub struct SavedData(TempDir);

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("an entry has a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
