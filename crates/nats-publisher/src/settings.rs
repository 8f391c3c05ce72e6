//! What an operator configures.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::Backoff;

/// The name of a stream: letters, digits, `-` and `_`, at most 64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamName(String);

/// A text that is no [`StreamName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of a stream is 1 to 64 letters, digits, dashes and underscores (found {0:?})")]
pub struct NotAStreamName(pub String);

impl StreamName {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for StreamName {
    type Err = NotAStreamName;

    fn from_str(text: &str) -> Result<Self, NotAStreamName> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAStreamName(text.to_owned())) }
    }
}

impl Default for StreamName {
    /// `GATEHOUSE_EVENTS`.
    fn default() -> Self {
        Self("GATEHOUSE_EVENTS".to_owned())
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stream, as it is made when there is none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    /// Its name.
    pub name: StreamName,
    /// On how many servers each message is kept: 1, 3 or 5.
    pub replicas: usize,
    /// Within which time the server itself recognizes a message that is sent again. Nothing leans on it.
    pub duplicate_window: Duration,
}

impl Default for StreamSettings {
    /// `GATEHOUSE_EVENTS`, on one server, two minutes.
    fn default() -> Self {
        Self { name: StreamName::default(), replicas: 1, duplicate_window: Duration::from_secs(120) }
    }
}

/// Who the publisher is to the servers. Secrets are read from files at each connection, so that they can be replaced, and never shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Credentials {
    /// Nobody.
    #[default]
    None,
    /// A user with a password.
    Password {
        /// The user's name.
        user: String,
        /// The file that holds the password; spaces and line ends around it are no part of it.
        password_file: PathBuf,
    },
    /// The file that holds the seed of an NKey.
    NKey(PathBuf),
    /// A file of credentials, with JWT and seed.
    CredentialsFile(PathBuf),
}

/// Everything about the publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The servers, such as `tls://nats-1.example.test:4222`; one of them is enough to find the others of its cluster.
    pub servers: Vec<String>,
    /// Who it is to them.
    pub credentials: Credentials,
    /// The certificates, in PEM, of authorities that sign the servers' beside those that this machine trusts.
    pub authorities_file: Option<PathBuf>,
    /// The stream.
    pub stream: StreamSettings,
    /// How many messages may wait for their acknowledgement at once.
    pub in_flight: usize,
    /// How many messages the stream may be ahead of the cursor: at least twice `in_flight`, which it is raised to.
    pub batch: u64,
    /// How long an acknowledgement may take.
    pub patience: Duration,
    /// How long to wait between attempts that fail.
    pub backoff: Backoff,
    /// How often cursor and stream are compared while there is nothing to publish.
    pub look_every: Duration,
    /// How long the cursor may be behind what is acknowledged, at most.
    pub cursor_every: Duration,
}

impl Default for Settings {
    /// A server on this machine, without credentials.
    fn default() -> Self {
        Self {
            servers: vec!["nats://127.0.0.1:4222".to_owned()],
            credentials: Credentials::None,
            authorities_file: None,
            stream: StreamSettings::default(),
            in_flight: 1024,
            batch: 8192,
            patience: Duration::from_secs(5),
            backoff: Backoff::default(),
            look_every: Duration::from_secs(10),
            cursor_every: Duration::from_secs(1),
        }
    }
}
