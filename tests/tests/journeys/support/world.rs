//! The service as a process, its data folder, and whoever types or calls.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, gatehouse_command};

use super::call::Call;

/// How the outside reaches the service: what all links in mails begin with.
pub(crate) const BASE_URL: &str = "https://gateway.example";

/// A service of its own for a test, with everything that a command was told is read at.
pub(crate) struct World {
    data: TempDir,
    /// What the service wrote on standard error, from its first start to its last.
    log: TempDir,
    settings: Vec<(&'static str, String)>,
    process: RefCell<Option<GatehouseProcess>>,
    http: reqwest::Client,
    /// The position of the last command that was answered: every read asks for it or later.
    pub(super) seen: RefCell<Option<String>>,
    /// Whether the service is killed after every command that it answered, started again, and told the command once more.
    kills: Cell<bool>,
    pub(super) keys: Cell<u32>,
    /// How often the service was killed.
    pub(crate) killed: Cell<u32>,
}

impl World {
    /// A service on an empty folder with these settings of its environment.
    pub(crate) fn start_with(settings: &[(&'static str, &str)]) -> Self {
        let world = Self {
            data: TempDir::new().unwrap(),
            log: TempDir::new().unwrap(),
            settings: settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            process: RefCell::new(None),
            http: reqwest::Client::new(),
            seen: RefCell::new(None),
            kills: Cell::new(false),
            keys: Cell::new(0),
            killed: Cell::new(0),
        };
        world.launch();
        world
    }

    fn launch(&self) {
        let log = self.log.path().join("stderr.log");
        let mut builder = GatehouseProcess::serve(self.data.path()).args(["--base-url", BASE_URL]).stderr_to(&log);
        // A test solves the human check as a browser does; a debug build would take long for the effort of a real one.
        builder = builder.env("GATEHOUSE_HUMAN_CHECK_BITS", "8");
        for (name, value) in &self.settings {
            builder = builder.env(name, value);
        }
        *self.process.borrow_mut() = Some(builder.start());
    }

    /// From now on, the service is killed after every command that it answered.
    pub(crate) fn kill_after_every_command(&self) {
        self.kills.set(true);
    }

    pub(super) fn kills(&self) -> bool {
        self.kills.get()
    }

    /// `kill -9`, and the service started again on what is on disk.
    pub(crate) fn kill_and_restart(&self) {
        if let Some(process) = self.process.borrow_mut().take() {
            process.kill9();
        }
        self.killed.set(self.killed.get() + 1);
        self.launch();
    }

    /// The same service, started again with one more setting of its environment.
    pub(crate) fn with_setting(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self.kill_and_restart();
        self
    }

    pub(super) fn url(&self, path: &str) -> String {
        self.process.borrow().as_ref().unwrap().url(path)
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The maildir's folder of delivered mails.
    pub(super) fn mail_folder(&self) -> PathBuf {
        self.data.path().join("mail/new")
    }

    /// Types a command of `gatehouse`, as an operator would, and gives back what it printed.
    pub(crate) fn operator(&self, arguments: &[&str]) -> String {
        let output = gatehouse_command().args(arguments).arg("--data").arg(self.data.path()).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "gatehouse {arguments:?} failed: {out}{err}");
        out.trim().to_owned()
    }

    /// Applies a catalogue file of this text.
    pub(crate) fn catalogue(&self, text: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        self.operator(&["catalogue", "apply", &file.path().to_string_lossy()]);
    }

    /// Applies the demonstration catalogue.
    pub(crate) fn demonstration_catalogue(&self) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/catalogue/demo.toml");
        self.operator(&["catalogue", "apply", &file.to_string_lossy()]);
    }

    /// A read.
    pub(crate) fn get(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, reqwest::Method::GET, path.into())
    }

    /// A command.
    pub(crate) fn post(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, reqwest::Method::POST, path.into())
    }

    /// A command that says how something shall be.
    pub(crate) fn put(&self, path: impl Into<String>) -> Call<'_> {
        Call::new(self, reqwest::Method::PUT, path.into())
    }
}
