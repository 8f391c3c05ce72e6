//! A real SMTP server that can be made to misbehave while it runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::child::{ChildProcess, last_lines};
use super::python;
use crate::wait_until;

/// How long the server may take to start: Python on a busy machine.
const TIME_TO_START: Duration = Duration::from_secs(30);

/// What the server does. Those that come before DATA's end keep no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// 250 to everything; the message is kept.
    Accept,
    /// 450 at RCPT: try again later.
    RefuseRecipientForNow,
    /// 550 at RCPT: no such mailbox.
    RefuseRecipient,
    /// 451 after the message: try again later.
    RefuseMessageForNow,
    /// 554 after the message: refused for good.
    RefuseMessage,
    /// 421 instead of the greeting.
    Busy,
    /// Takes the connection and says nothing, for ever.
    HangBeforeGreeting,
    /// Takes the message and says nothing, for ever; it is not kept.
    HangAfterData,
    /// Keeps the message and drops the connection before the 250.
    DropAfterData,
}

impl Behaviour {
    /// As the server's script calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::RefuseRecipientForNow => "refuse_recipient_for_now",
            Self::RefuseRecipient => "refuse_recipient",
            Self::RefuseMessageForNow => "refuse_message_for_now",
            Self::RefuseMessage => "refuse_message",
            Self::Busy => "busy",
            Self::HangBeforeGreeting => "hang_before_greeting",
            Self::HangAfterData => "hang_after_data",
            Self::DropAfterData => "drop_after_data",
        }
    }
}

/// Whether and when the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Never.
    None,
    /// After STARTTLS, without which nothing else is allowed (RFC 3207).
    StartTls,
    /// From the first byte (RFC 8314).
    Implicit,
}

/// How to start an [`SmtpServer`].
#[derive(Debug)]
pub struct SmtpServerBuilder {
    encryption: Encryption,
    account: Option<(String, String)>,
    port: u16,
}

impl SmtpServerBuilder {
    /// Encrypts with a certificate for `localhost` and `127.0.0.1`, signed by [`SmtpServer::authority_pem`].
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Requires AUTH (PLAIN or LOGIN) with this name and password before MAIL; with STARTTLS only after it.
    #[must_use]
    pub fn account(mut self, name: &str, password: &str) -> Self {
        self.account = Some((name.to_owned(), password.to_owned()));
        self
    }

    /// Listens on this port instead of one that the system picks.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts the server and waits until it listens.
    ///
    /// # Panics
    /// When it does not start; the message says what it wrote.
    #[must_use]
    pub fn start(self) -> SmtpServer {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let control = Control::default();
        control.write(folder.path());
        let child = self.spawn(folder.path());
        let port = port_of(&child);
        SmtpServer { child: Some(child), port, options: Self { port, ..self }, folder, control: Mutex::new(control) }
    }

    fn spawn(&self, folder: &Path) -> ChildProcess {
        let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/servers");
        let encryption = match self.encryption {
            Encryption::None => "none",
            Encryption::StartTls => "starttls",
            Encryption::Implicit => "implicit",
        };
        let mut command = Command::new(python());
        command.arg(servers.join("smtp_server.py")).arg("--folder").arg(folder);
        command.args(["--port", &self.port.to_string(), "--encryption", encryption]);
        command.arg("--certificate").arg(servers.join("smtp_server.pem"));
        if let Some((name, password)) = &self.account {
            command.args(["--user", name, "--password", password]);
        }
        ChildProcess::start(command, &folder.join("stderr.log"))
    }
}

/// What the test wants, as the server reads it.
#[derive(Debug, Default)]
struct Control {
    default: Option<Behaviour>,
    recipients: BTreeMap<String, Behaviour>,
}

impl Control {
    /// Under another name first: the server never reads half of it.
    fn write(&self, folder: &Path) {
        let recipients: BTreeMap<&str, &str> =
            self.recipients.iter().map(|(address, behaviour)| (address.as_str(), behaviour.name())).collect();
        let text = json!({ "default": self.default.unwrap_or(Behaviour::Accept).name(), "recipients": recipients }).to_string();
        let unfinished = folder.join("behaviour.unfinished");
        std::fs::write(&unfinished, text).expect("the folder can be written");
        std::fs::rename(unfinished, folder.join("behaviour.json")).expect("the folder can be written");
    }
}

/// A mail that the server kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// MAIL FROM.
    pub sender: String,
    /// RCPT TO, in order.
    pub recipients: Vec<String>,
    /// The account of AUTH, when there was one.
    pub authenticated_as: Option<String>,
    /// Whether the connection was encrypted.
    pub encrypted: bool,
    /// What came after DATA, byte for byte, without the final dot.
    pub content: Vec<u8>,
}

impl ReceivedMail {
    /// The content as text; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }

    /// A header's value with its folded lines joined by a space, encoded words as they came. None when there is no such header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        let first = lines.by_ref().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })?;
        let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
        Some(folded.fold(first, |value, line| format!("{value} {}", line.trim())))
    }
}

/// A running server. Dropping it ends it and removes what it kept.
#[derive(Debug)]
pub struct SmtpServer {
    child: Option<ChildProcess>,
    port: u16,
    options: SmtpServerBuilder,
    folder: TempDir,
    control: Mutex<Control>,
}

impl SmtpServer {
    /// A server that accepts everything, unencrypted, on a port of its own.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server with encryption, an account or a given port.
    #[must_use]
    pub fn builder() -> SmtpServerBuilder {
        SmtpServerBuilder { encryption: Encryption::None, account: None, port: 0 }
    }

    /// Where it listens, on 127.0.0.1; the same after [`Self::restart`].
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate, in PEM, of the authority that a client of an encrypted server has to trust.
    #[must_use]
    pub fn authority_pem() -> &'static str {
        include_str!("smtp_authority.pem")
    }

    /// From the next step on (a connection, a RCPT, a message's end), towards everybody who has no behaviour of their own.
    ///
    /// # Panics
    /// When the server's folder cannot be written.
    pub fn behave(&self, behaviour: Behaviour) {
        let mut control = self.control.lock().expect("nobody panics while holding it");
        control.default = Some(behaviour);
        control.write(self.folder.path());
    }

    /// From the next RCPT or message on, towards one address only (the first recipient that has one decides about a message).
    ///
    /// # Panics
    /// When the server's folder cannot be written.
    pub fn behave_towards(&self, recipient: &str, behaviour: Behaviour) {
        let mut control = self.control.lock().expect("nobody panics while holding it");
        control.recipients.insert(recipient.to_owned(), behaviour);
        control.write(self.folder.path());
    }

    /// The mails kept so far, in the order of their arrival.
    ///
    /// # Panics
    /// When what the server wrote cannot be read.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedMail> {
        let mut envelopes: Vec<PathBuf> = std::fs::read_dir(self.folder.path().join("messages"))
            .expect("the server made the folder")
            .map(|entry| entry.expect("the folder can be read").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        envelopes.sort();
        envelopes.iter().map(|path| read_mail(path)).collect()
    }

    /// Waits until that many mails, or more, are kept.
    ///
    /// # Panics
    /// When they are not within `limit`.
    #[must_use]
    pub fn wait_for_mails(&self, count: usize, limit: Duration) -> Vec<ReceivedMail> {
        wait_until(&format!("{count} mails"), limit, || self.received().len() >= count);
        self.received()
    }

    /// How many connections were taken so far, those included on which nothing was said.
    #[must_use]
    pub fn connections(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("connections")).unwrap_or_default().lines().count()
    }

    /// Kills the server: from now on connections are refused. What it kept stays.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Starts it again on the same port, with what it kept and the behaviour it had.
    ///
    /// # Panics
    /// When it does not start, because another process took the port meanwhile, say.
    pub fn restart(&mut self) {
        self.stop();
        let child = self.options.spawn(self.folder.path());
        assert_eq!(port_of(&child), self.port, "the server starts again where it was");
        self.child = Some(child);
    }
}

fn read_mail(envelope: &Path) -> ReceivedMail {
    let text = std::fs::read(envelope).expect("an envelope can be read");
    let described: Value = serde_json::from_slice(&text).expect("an envelope is JSON");
    let recipients = described.get("recipients").and_then(Value::as_array).into_iter().flatten();
    ReceivedMail {
        sender: described.get("sender").and_then(Value::as_str).unwrap_or_default().to_owned(),
        recipients: recipients.filter_map(Value::as_str).map(str::to_owned).collect(),
        authenticated_as: described.get("authenticated_as").and_then(Value::as_str).map(str::to_owned),
        encrypted: described.get("encrypted").and_then(Value::as_bool).unwrap_or(false),
        content: std::fs::read(envelope.with_extension("eml")).expect("a message stands beside its envelope"),
    }
}

fn port_of(child: &ChildProcess) -> u16 {
    let port = child.wait_for_line(TIME_TO_START, |line| line.strip_prefix("listening on ")?.trim().parse().ok());
    port.unwrap_or_else(|| panic!("the SMTP server did not start:\n{}", last_lines(&child.stderr(), 20)))
}
