//! Services of other teams: the examples that come with the client, as processes of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use test_support::{eventually, servers};

use super::SOON;
use super::world::World;

/// A service that the operator registered.
#[derive(Debug)]
pub(crate) struct Registered {
    /// Its name.
    pub(crate) name: String,
    /// Its token.
    pub(crate) token: String,
}

/// Registers a service, limited to these applications (none: it sees everything), and makes it a token.
pub(crate) fn register(world: &World, name: &str, applications: &[&str]) -> Registered {
    let mut typed = vec!["service", "register", name];
    typed.extend(applications.iter().flat_map(|code| ["--application", code]));
    world.operator(&typed);
    let token = world.operator(&["token", "create", &format!("token of {name}"), "--service", name]);
    Registered { name: name.to_owned(), token }
}

/// All events that the service is told of, in order.
pub(crate) async fn events(world: &World, service: &Registered) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let after = events.last().map_or("0", |event| event["position"].as_str().unwrap()).to_owned();
        let page = world.get(format!("/v1/events?after={after}&limit=1000")).by(&service.token).send().await.ok();
        let page = page.body.as_array().unwrap().clone();
        if page.is_empty() {
            return events;
        }
        events.extend(page);
    }
}

/// In which language a service is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Python,
}

/// Where its events come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// Batches over HTTP.
    Http,
    /// One long answer over HTTP.
    Stream,
    /// The durable consumer of this name at this server.
    Nats { url: String, consumer: String },
}

/// How a service begins that has seen nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    Snapshot,
    FirstEvent,
}

/// A row of what was provisioned, as the example's view has it: person, organization, access, account, User ID, name, address, company.
pub(crate) type Row = [Option<String>; 8];

/// A service on a database of its own.
pub(crate) struct Provisioner {
    folder: TempDir,
    arguments: Vec<String>,
    language: Language,
    process: Option<Child>,
}

impl Provisioner {
    /// One that provisions this application. It does not run yet.
    pub(crate) fn new(world: &World, service: &Registered, application: &str, language: Language, begin: Begin, via: &Via) -> Self {
        let folder = TempDir::new().unwrap();
        let (token, database) = (folder.path().join("token"), folder.path().join("accounts.db"));
        std::fs::write(&token, &service.token).unwrap();
        let mut arguments: Vec<String> = ["--gatehouse", world.url("").trim_end_matches('/'), "--application", application]
            .map(str::to_owned)
            .into_iter()
            .chain(["--token-file".to_owned(), token.display().to_string(), "--database".to_owned(), database.display().to_string()])
            .collect();
        if begin == Begin::FirstEvent {
            arguments.push("--from-the-beginning".to_owned());
        }
        match via {
            Via::Http => {}
            Via::Stream => arguments.push("--stream".to_owned()),
            Via::Nats { url, consumer } => {
                arguments.extend(["--nats", url, "--nats-api", "$JS.API", "--consumer", consumer].map(str::to_owned));
            }
        }
        if language == Language::Python {
            // Every message is checked against what is published, to the letter.
            arguments.extend(["--strict".to_owned(), "--schemas".to_owned(), repository("schemas/public").display().to_string()]);
        }
        Self { folder, arguments, language, process: None }
    }

    /// The service is started, as its supervisor would after a crash.
    pub(crate) fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = match self.language {
            Language::Rust => Command::new(example()),
            Language::Python => {
                let mut command = Command::new(servers::python());
                command.env("PYTHONDONTWRITEBYTECODE", "1");
                command.arg(repository("crates/gatehouse-client/examples/python/provision_accounts.py"));
                command
            }
        };
        self.process = Some(command.args(&self.arguments).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Waits until it has seen this position and has nothing left to do; gives back what it has provisioned.
    pub(crate) async fn provisioned_at(&mut self, position: u64) -> Vec<Row> {
        let what = format!("a {:?} service ({:?}) to come to {position}", self.language, self.arguments);
        eventually(&what, SOON, async || {
            let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
            assert!(ended.is_none(), "{what}: it ended\n{}", self.log());
            (self.progress() >= Some(position) && self.is_idle()).then_some(())
        })
        .await;
        self.rows()
    }

    /// What it has provisioned.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let database = self.database().unwrap();
        let sql = "SELECT person, organization, access, account, user_id, name, email, company FROM provisioned";
        let mut rows = database.prepare(sql).unwrap();
        let mut found = Vec::new();
        let mut cursor = rows.query([]).unwrap();
        while let Some(row) = cursor.next().unwrap() {
            found.push(std::array::from_fn(|column| row.get(column).unwrap()));
        }
        found
    }

    /// The position that it has seen.
    pub(crate) fn progress(&self) -> Option<u64> {
        let seen: i64 = self.database()?.query_row("SELECT position FROM progress", [], |row| row.get(0)).ok()?;
        u64::try_from(seen).ok()
    }

    fn is_idle(&self) -> bool {
        let left = self.database().and_then(|database| database.query_row("SELECT count(*) FROM to_do", [], |row| row.get(0)).ok());
        left == Some(0_i64)
    }

    fn database(&self) -> Option<rusqlite::Connection> {
        let database = rusqlite::Connection::open(self.folder.path().join("accounts.db")).ok()?;
        database.busy_timeout(SOON).unwrap();
        Some(database)
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("stderr.log")
    }

    /// What it wrote on standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

impl Drop for Provisioner {
    #[allow(clippy::print_stderr, reason = "whoever reads why a journey failed wants to see it")]
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("a {:?} service wrote:\n{}", self.language, self.log());
        }
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The Rust example, beside this test's own binary.
fn example() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    let example = binary.ancestors().nth(2).unwrap().join("examples/provision-accounts");
    let how = "run `cargo xtask test`, or `cargo build -p gatehouse-client --example provision-accounts` first";
    assert!(example.is_file(), "the example is not built: {how}");
    example
}
