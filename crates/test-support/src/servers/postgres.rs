//! A real PostgreSQL server of one's own, which can be stopped, crashed and started again on the same data and port, and databases in it.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::child::{ChildProcess, last_lines};
use super::ports::lasting_port;
use crate::wait_until;

/// How long the server may take to be ready; after a crash it recovers first.
const TIME_TO_START: Duration = Duration::from_secs(60);

/// How often a server is started on another port when somebody took the first one meanwhile.
const ATTEMPTS: usize = 5;

/// Where tests that need no server of their own find one: `cargo xtask test` starts it.
const SHARED: &str = "GATEHOUSE_TEST_POSTGRES";

/// The role that owns everything in a test server.
const ROLE: &str = "gatehouse";

/// The folder of PostgreSQL's programs.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn postgres_programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = versions.collect();
    // The newest version first.
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok())));
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    found.expect("there is no PostgreSQL for tests: run `cargo xtask setup` first")
}

/// The user that the server runs as: PostgreSQL refuses to run as root.
fn unprivileged() -> Option<(u32, u32)> {
    let own = fs::metadata("/proc/self").expect("a process can look at itself").uid();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    (own == 0).then(|| of("postgres").or_else(|| of("nobody")).expect("there is a user to run PostgreSQL as"))
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = unprivileged() {
        command.uid(user).gid(group).current_dir("/");
    }
    command
}

/// A running server on files of its own, listening on 127.0.0.1. Dropping it kills it and removes what it kept.
#[derive(Debug)]
pub struct PostgresServer {
    child: Option<ChildProcess>,
    programs: PathBuf,
    port: u16,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl PostgresServer {
    /// A server as it is installed: `fsync` and `synchronous_commit` are on.
    ///
    /// # Panics
    /// When it does not start; the message says what it wrote.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with these settings besides those that tests need.
    ///
    /// # Panics
    /// When it does not start; the message says what it wrote.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let programs = postgres_programs();
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut server = Self { child: None, programs, port: lasting_port(), folder, settings };
        server.initialize();
        for _ in 0..ATTEMPTS {
            server.launch();
            if server.becomes_ready() {
                return server;
            }
            assert!(server.log().contains("Address already in use"), "PostgreSQL did not start:\n{}", last_lines(&server.log(), 20));
            server.port = lasting_port();
        }
        panic!("PostgreSQL found no free port, {ATTEMPTS} times");
    }

    fn initialize(&self) {
        if let Some((user, group)) = unprivileged() {
            chown(self.folder.path(), Some(user), Some(group)).expect("root may give its folder away");
        }
        let mut initdb = command(&self.programs.join("initdb"));
        initdb.args(["--auth=trust", "--username", ROLE, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--pgdata"]).arg(self.data());
        let made = initdb.output().expect("initdb can be started");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
    }

    fn launch(&mut self) {
        let mut postgres = command(&self.programs.join("postgres"));
        postgres.arg("-D").arg(self.data());
        let socket_folder = self.folder.path().display().to_string();
        let port = self.port.to_string();
        let own = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", &socket_folder),
            ("max_connections", "300"),
            // A test server has no business with parallel workers or statistics of what it ran.
            ("max_parallel_workers_per_gather", "0"),
            ("shared_buffers", "256MB"),
        ];
        let asked = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.into_iter().chain(asked) {
            postgres.arg("-c").arg(format!("{name}={value}"));
        }
        // Its children die with the group when it is crashed.
        postgres.process_group(0);
        self.child = Some(ChildProcess::start(postgres, &self.folder.path().join("stderr")));
    }

    fn becomes_ready(&mut self) -> bool {
        let started = Instant::now();
        while started.elapsed() < TIME_TO_START {
            if self.child.as_mut().is_none_or(|child| child.ended().is_some()) {
                return false;
            }
            if TcpStream::connect(self.address()).is_ok() && self.try_sql("postgres", "SELECT 1").is_ok() {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        false
    }

    /// The folder of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where clients connect; the same after [`Self::restart`].
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The URL of a database of this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@{}/{database}", self.address())
    }

    /// Everything that it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.child.as_ref().map(ChildProcess::stderr).unwrap_or_default()
    }

    /// From now on it answers over TLS only, with the certificate for `localhost` and `127.0.0.1` that the authority signed whose own is in
    /// the file that is given back. Connections that are open stay.
    ///
    /// # Panics
    /// When it cannot be set.
    #[must_use]
    pub fn demand_tls(&self) -> PathBuf {
        let key = self.put("server.pem", include_str!("smtp_server.pem"));
        let authority = self.put("authority.pem", include_str!("smtp_authority.pem"));
        self.put("data/pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 trust\n");
        for (setting, value) in [("ssl_cert_file", &*key.to_string_lossy()), ("ssl_key_file", &*key.to_string_lossy()), ("ssl", "on")] {
            self.sql("postgres", &format!("ALTER SYSTEM SET {setting} = '{value}'"));
        }
        self.sql("postgres", "SELECT pg_reload_conf()");
        let plain = format!("{}?sslmode=disable", self.url("postgres"));
        wait_until("PostgreSQL to refuse what is not TLS", TIME_TO_START, || sql_of(&self.programs, &plain, "SELECT 1").is_err());
        authority
    }

    /// Writes a file for the server's eyes only.
    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let _ = fs::remove_file(&path);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).expect("a file can be made");
        file.write_all(text.as_bytes()).expect("a file can be written");
        if let Some((user, group)) = unprivileged() {
            chown(&path, Some(user), Some(group)).expect("root may give its file away");
        }
        path
    }

    /// Ends it as a crash would: no checkpoint, no goodbye. Its next start recovers from its log.
    pub fn crash(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The group: a backend that lives on would keep the data folder.
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            child.kill();
        }
    }

    /// Stops it with `pg_ctl stop` in this mode: `smart`, `fast` or `immediate`.
    ///
    /// # Panics
    /// When it does not stop.
    pub fn stop(&mut self, mode: &str) {
        let mut stop = command(&self.programs.join("pg_ctl"));
        let stopped = stop.args(["stop", "--wait", "--mode", mode, "--pgdata"]).arg(self.data()).output().expect("pg_ctl can be started");
        assert!(stopped.status.success(), "pg_ctl stop failed: {}", String::from_utf8_lossy(&stopped.stderr));
        if let Some(mut child) = self.child.take() {
            wait_until("PostgreSQL to end", TIME_TO_START, || child.ended().is_some());
        }
    }

    /// Starts it again on the same data and port, and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.crash();
        let started = Instant::now();
        loop {
            self.launch();
            if self.becomes_ready() {
                return;
            }
            // Of a server that was crashed a moment ago, the last processes may not be gone yet, and say so one after the other.
            let is_early = last_lines(&self.log(), 100).contains("shared memory block") && started.elapsed() < TIME_TO_START;
            assert!(is_early, "PostgreSQL did not start again:\n{}", last_lines(&self.log(), 20));
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// A copy of its data as it is on disk now, as a snapshot of the volume would have it. The server must not run.
    ///
    /// # Panics
    /// When it runs, or the copy fails.
    #[must_use]
    pub fn save_data(&self) -> TempDir {
        assert!(self.child.is_none(), "the data of a running server cannot be copied");
        let copy = TempDir::new().expect("a temporary folder can be made");
        copy_folder(&self.data(), &copy.path().join("data"));
        copy
    }

    /// Puts back what [`Self::save_data`] gave, in place of what is there. The server must not run.
    ///
    /// # Panics
    /// When it runs, or the copy fails.
    pub fn put_back(&self, saved: &TempDir) {
        assert!(self.child.is_none(), "the data of a running server cannot be replaced");
        fs::remove_dir_all(self.data()).expect("the data can be removed");
        copy_folder(&saved.path().join("data"), &self.data());
    }

    /// A new, empty database in it.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn database(&self) -> TestDatabase {
        TestDatabase::make(&self.url(""), &self.programs)
    }

    fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        sql_of(&self.programs, &self.url(database), sql)
    }

    /// Runs statements in a database, and gives back what they say, unaligned and without headers.
    ///
    /// # Panics
    /// When they fail.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|error| panic!("{sql} failed: {error}"))
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.crash();
    }
}

/// A database of its own for one test, dropped with everything in it at the end.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: String,
    programs: PathBuf,
    /// The server, where there was none to share.
    own_server: Option<PostgresServer>,
}

impl TestDatabase {
    /// A new, empty database: in the server that `cargo xtask test` started for all tests, or in one of its own.
    ///
    /// # Panics
    /// When there is no PostgreSQL.
    #[must_use]
    pub fn create() -> Self {
        match std::env::var(SHARED) {
            Ok(server) if !server.is_empty() => Self::make(&server, &postgres_programs()),
            Ok(_) | Err(_) => {
                let server = PostgresServer::start();
                let url = server.url("");
                let mut database = Self::make(&url, &postgres_programs());
                database.own_server = Some(server);
                database
            }
        }
    }

    /// How to reach a database that the calling thread has for itself: a test, say, with all its cases. Dropped when the thread ends.
    ///
    /// # Panics
    /// When there is no PostgreSQL.
    #[must_use]
    pub fn of_this_thread() -> String {
        thread_local! {
            static DATABASE: TestDatabase = TestDatabase::create();
        }
        DATABASE.with(TestDatabase::url)
    }

    fn make(server: &str, programs: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        sql_of(programs, &format!("{server}postgres"), &format!("CREATE DATABASE {name}")).expect("a database can be made");
        Self { name, server: server.to_owned(), programs: programs.to_owned(), own_server: None }
    }

    /// How to reach it: `postgres://…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.server, self.name)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements in it, and gives back what they say, unaligned and without headers.
    ///
    /// # Panics
    /// When they fail.
    pub fn sql(&self, sql: &str) -> String {
        sql_of(&self.programs, &self.url(), sql).unwrap_or_else(|error| panic!("{sql} failed: {error}"))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A server that was crashed takes its databases along.
        let _ = sql_of(&self.programs, &format!("{}postgres", self.server), &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// Runs statements with `psql`.
fn sql_of(programs: &Path, url: &str, sql: &str) -> Result<String, String> {
    let mut psql = Command::new(programs.join("psql"));
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]);
    let said = psql.output().expect("psql can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if said.status.success() { Ok(text(&said.stdout)) } else { Err(text(&said.stderr)) }
}

/// Copies a folder with owners and modes.
fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "{} cannot be copied", from.display());
}
