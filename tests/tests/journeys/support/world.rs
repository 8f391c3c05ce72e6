//! The service as a process, its data folder, and whoever types or calls.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, gatehouse_command};
use tests::stores::{Combination, Stores};

use super::call::Call;
use super::secrets::Secrets;

/// How the outside reaches the service: what all links in mails begin with.
pub(crate) const BASE_URL: &str = "https://gateway.example";

/// A service of its own for a test, with everything that a command was told is read at.
pub(crate) struct World {
    /// The instances, as many as there are data folders. First, so that they end while what they wrote is still there.
    processes: RefCell<Vec<Option<GatehouseProcess>>>,
    /// A data folder for each instance; what they share is elsewhere then.
    data: Vec<TempDir>,
    stores: Stores,
    /// What the service wrote on standard error, from its first start to its last.
    log: TempDir,
    settings: Vec<(&'static str, String)>,
    /// Every secret that was sent or answered.
    pub(crate) secrets: RefCell<Secrets>,
    /// Which instance is asked next.
    next: Cell<usize>,
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
        let stores = Combination::from_environment().make();
        let data: Vec<_> = (0..stores.instances()).map(|_| TempDir::new().unwrap()).collect();
        let world = Self {
            processes: RefCell::new(data.iter().map(|_| None).collect()),
            data,
            stores,
            log: TempDir::new().unwrap(),
            settings: settings.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            secrets: RefCell::default(),
            next: Cell::new(0),
            http: reqwest::Client::new(),
            seen: RefCell::new(None),
            kills: Cell::new(false),
            keys: Cell::new(0),
            killed: Cell::new(0),
        };
        (0..world.data.len()).for_each(|instance| world.launch(instance));
        world
    }

    fn launch(&self, instance: usize) {
        let log = self.log.path().join(format!("stderr-{instance}.log"));
        let mut builder = GatehouseProcess::serve(self.data[instance].path()).args(["--base-url", BASE_URL]).stderr_to(&log);
        // A test solves the human check as a browser does; a debug build would take long for the effort of a real one.
        builder = builder.env("GATEHOUSE_HUMAN_CHECK_BITS", "8").env("GATEHOUSE_MAIL__MAILDIR", self.maildir());
        for (name, value) in self.stores.settings().iter().chain(&self.settings) {
            builder = builder.env(name, value);
        }
        self.processes.borrow_mut()[instance] = Some(builder.start());
    }

    /// From now on, the service is killed after every command that it answered.
    pub(crate) fn kill_after_every_command(&self) {
        self.kills.set(true);
    }

    pub(super) fn kills(&self) -> bool {
        self.kills.get()
    }

    /// `kill -9`, and the service started again on what is on disk: of several instances, the one that was asked last. The others go on.
    pub(crate) fn kill_and_restart(&self) {
        let instance = (self.next.get() + self.data.len() - 1) % self.data.len();
        if let Some(process) = self.processes.borrow_mut()[instance].take() {
            process.kill9();
        }
        self.killed.set(self.killed.get() + 1);
        self.launch(instance);
    }

    /// The same service, started again with one more setting of its environment.
    pub(crate) fn with_setting(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        for _ in 0..self.data.len() {
            self.next.set(self.next.get() + 1);
            self.kill_and_restart();
        }
        self
    }

    /// The address of a path of the service: each time of another instance, as behind a balancer.
    pub(super) fn url(&self, path: &str) -> String {
        let instance = self.next.get() % self.data.len();
        self.next.set(instance + 1);
        self.processes.borrow()[instance].as_ref().unwrap().url(path)
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// What an instance answers to whoever reaches it, as it is.
    pub(crate) async fn text(&self, path: &str) -> String {
        self.http.get(self.url(path)).send().await.unwrap().text().await.unwrap()
    }

    /// The folders in which the service keeps what it keeps, one for each instance.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Path> {
        self.data.iter().map(TempDir::path)
    }

    /// What the service wrote on standard error.
    pub(crate) fn logs(&self) -> &Path {
        self.log.path()
    }

    /// The tables of a schema with their rows as text, where something is kept in PostgreSQL.
    pub(crate) fn tables(&self, schema: &str) -> Vec<(String, String)> {
        let Some(database) = self.stores.database() else { return Vec::new() };
        // A build of a read model has a schema of its own.
        let names = database.sql(&format!("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname LIKE '{schema}%'"));
        let rows = |name: &str| database.sql(&format!("SELECT rows::text FROM {name} AS rows"));
        names.lines().map(|name| (name.to_owned(), rows(name))).collect()
    }

    /// Whether `gatehouse backup` can copy the log: one in EventStoreDB has tools of its own.
    pub(crate) fn can_back_up(&self) -> bool {
        self.stores.settings().iter().all(|(name, value)| *name != "GATEHOUSE_LOG" || value.starts_with("postgres"))
    }

    /// What the service has logged so far, all of its instances.
    pub(crate) fn logged(&self) -> String {
        let of = |instance| std::fs::read_to_string(self.log.path().join(format!("stderr-{instance}.log"))).unwrap();
        (0..self.data.len()).map(of).collect()
    }

    /// The maildir's folder of delivered mails.
    pub(super) fn mail_folder(&self) -> PathBuf {
        self.maildir().join("new")
    }

    fn maildir(&self) -> PathBuf {
        self.data[0].path().join("mail")
    }

    /// Types a command of `gatehouse`, as an operator would, and gives back what it printed.
    pub(crate) fn operator(&self, arguments: &[&str]) -> String {
        let (succeeded, out, err) = self.operator_tries(arguments, &[]);
        assert!(succeeded, "gatehouse {arguments:?} failed: {out}{err}");
        self.secrets.borrow_mut().met_at_the_terminal(&out);
        out.trim().to_owned()
    }

    /// Types a command with these settings of its environment; gives back whether it succeeded, and what it wrote.
    pub(crate) fn operator_tries(&self, arguments: &[&str], settings: &[(&str, &str)]) -> (bool, String, String) {
        let mut command = gatehouse_command();
        command.args(arguments).arg("--data").arg(self.data[0].path()).envs(self.stores.settings()).envs(settings.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
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
