//! A connection to the servers, until it is lost. There is no coming back on its own: the next one begins with a look at the stream.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{ConnectOptions, Event};
use tokio::sync::watch;

use crate::settings::{Credentials, Settings};

/// How long connecting to one server may take.
const TIME_TO_CONNECT: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// A file with credentials cannot be read, or does not hold what it should.
    #[error("the credentials in {path} cannot be used: {reason}")]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; nothing of what it holds.
        reason: String,
    },
    /// An address is none.
    #[error("the address of a NATS server cannot be read: {0}")]
    Address(String),
    /// No server answers, or it refuses.
    #[error("no NATS server can be reached: {0}")]
    Unreachable(String),
}

/// A connection with JetStream.
pub(crate) struct Connection {
    pub(crate) context: Context,
    heard: watch::Receiver<Heard>,
}

/// What was heard of the connection.
#[derive(Debug, Default)]
struct Heard {
    lost: bool,
    /// What the server objected to last: a permission that is missing, say, which is not said in any answer.
    objection: Option<String>,
}

impl Connection {
    /// Connects to one of the servers.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, ConnectionError> {
        let (tell, heard) = watch::channel(Heard::default());
        let servers = addresses(&settings.servers)?;
        let options = with_credentials(ConnectOptions::new(), &settings.credentials).await?;
        let options = match &settings.authorities_file {
            Some(file) => options.add_root_certificates(file.clone()),
            None => options,
        };
        let client = options
            .name("gatehouse publisher")
            .connection_timeout(TIME_TO_CONNECT)
            .request_timeout(Some(settings.patience))
            .client_capacity(settings.in_flight.saturating_add(64))
            // Each server is tried once. Whoever is cut off connects anew, and looks at the stream first.
            .max_reconnects(servers.len())
            .event_callback(move |event| {
                tell.send_modify(|heard| heard.take(&event));
                std::future::ready(())
            })
            .connect(servers)
            .await
            .map_err(|error| ConnectionError::Unreachable(error.to_string()))?;
        let context = ContextBuilder::new()
            .timeout(settings.patience)
            .ack_timeout(settings.patience)
            .max_ack_inflight(settings.in_flight.saturating_add(1))
            .build(client);
        Ok(Self { context, heard })
    }

    /// Waits until the connection is lost.
    pub(crate) async fn lost(&mut self) {
        // An error means that the client is gone, and the connection with it.
        let _ = self.heard.wait_for(|heard| heard.lost).await;
    }

    /// What the server objected to last, outside of any answer.
    pub(crate) fn objection(&self) -> Option<String> {
        self.heard.borrow().objection.clone()
    }
}

impl Heard {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Disconnected | Event::Closed => self.lost = true,
            Event::ServerError(error) => self.objection = Some(error.to_string()),
            Event::Connected | Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) | Event::ClientError(_) => {}
        }
    }
}

fn addresses(servers: &[String]) -> Result<Vec<async_nats::ServerAddr>, ConnectionError> {
    // The address itself is not told: somebody may have written a password into it.
    let parse = |server: &String| server.parse().map_err(|error: std::io::Error| ConnectionError::Address(error.kind().to_string()));
    let parsed: Vec<async_nats::ServerAddr> = servers.iter().map(parse).collect::<Result<_, _>>()?;
    if parsed.is_empty() { Err(ConnectionError::Address("none is configured".to_owned())) } else { Ok(parsed) }
}

async fn with_credentials(options: ConnectOptions, credentials: &Credentials) -> Result<ConnectOptions, ConnectionError> {
    match credentials {
        Credentials::None => Ok(options),
        Credentials::Password { user, password_file } => Ok(options.user_and_password(user.clone(), secret(password_file).await?)),
        Credentials::NKey(file) => Ok(options.nkey(secret(file).await?)),
        Credentials::CredentialsFile(file) => {
            let text = secret(file).await?;
            let unusable = || ConnectionError::Credentials { path: file.clone(), reason: "it is no file of NATS credentials".to_owned() };
            options.credentials(&text).map_err(|_| unusable())
        }
    }
}

async fn secret(file: &Path) -> Result<String, ConnectionError> {
    let text = tokio::fs::read_to_string(file).await;
    let text = text.map_err(|error| ConnectionError::Credentials { path: file.to_owned(), reason: error.to_string() })?;
    Ok(text.trim().to_owned())
}
