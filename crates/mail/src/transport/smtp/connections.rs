//! Connections to the server.
//!
//! lettre's own pool is not used: its time limit covers connecting only, not the answers that come (or do not come)
//! afterwards, and a connection whose use was cut short goes back into it, so that a late answer to one mail would be taken for
//! an answer to the next. Here every step has a time limit, and a connection on which anything went wrong is never used again.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{SmtpError, SmtpSettings, SmtpTls};

/// How long a connection is kept for the next mail. Servers may hang up after five minutes (RFC 5321, 4.5.3.2.7); most do earlier.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// What went wrong.
#[derive(Debug)]
pub(super) enum Problem {
    /// A step took too long.
    TooSlow,
    /// Before a mail was offered.
    Connection(lettre::transport::smtp::Error),
    /// While a mail was offered.
    Mail(lettre::transport::smtp::Error),
}

/// Makes connections and keeps them.
pub(super) struct Connections {
    server: (String, u16),
    hello: ClientId,
    encryption: SmtpTls,
    parameters: TlsParameters,
    credentials: Option<Credentials>,
    time_limit: Duration,
    places: Semaphore,
    kept: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl Connections {
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, SmtpError> {
        let mut parameters = TlsParameters::builder(settings.host.clone());
        for authority in &settings.authorities {
            parameters = parameters.add_root_certificate(Certificate::from_pem(authority).map_err(SmtpError::Authority)?);
        }
        let places = usize::try_from(settings.connections.max(1)).unwrap_or(1);
        Ok(Self {
            server: (settings.host.clone(), settings.port),
            hello: settings.hello.clone().map(ClientId::Domain).unwrap_or_default(),
            encryption: settings.tls,
            parameters: parameters.build().map_err(SmtpError::Tls)?,
            credentials: settings.credentials.clone().map(|account| Credentials::new(account.user, account.password)),
            time_limit: settings.timeout,
            places: Semaphore::new(places),
            kept: Mutex::default(),
        })
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, message: &Message) -> Result<(), Problem> {
        let _place = self.places.acquire().await;
        let mut connection = self.connection().await?;
        let sent = timeout(self.time_limit, connection.send(message.envelope(), &message.formatted())).await;
        // What failed or was cut short is dropped here, with whatever the server may still say on it.
        sent.map_err(|_elapsed| Problem::TooSlow)?.map_err(Problem::Mail)?;
        if let Ok(mut kept) = self.kept.lock() {
            kept.push((Instant::now(), connection));
        }
        Ok(())
    }

    /// Connects, and hangs up.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        let mut connection = self.connect().await?;
        // The answer to QUIT does not matter any more.
        let _ = timeout(self.time_limit, connection.quit()).await;
        Ok(())
    }

    /// A connection that is kept and still works, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Problem> {
        while let Some((since, mut connection)) = self.take_kept() {
            let is_young = since.elapsed() < KEPT_FOR;
            if is_young && timeout(self.time_limit, connection.test_connected()).await == Ok(true) {
                return Ok(connection);
            }
        }
        self.connect().await
    }

    fn take_kept(&self) -> Option<(Instant, AsyncSmtpConnection)> {
        self.kept.lock().ok()?.pop()
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Problem> {
        timeout(self.time_limit, self.connect_slowly()).await.map_err(|_elapsed| Problem::TooSlow)?.map_err(Problem::Connection)
    }

    async fn connect_slowly(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let from_the_start = (self.encryption == SmtpTls::Implicit).then(|| self.parameters.clone());
        let server = (self.server.0.as_str(), self.server.1);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &self.hello, from_the_start, None).await?;
        match self.encryption {
            // Fails if the server does not offer it.
            SmtpTls::StartTls => connection.starttls(self.parameters.clone(), &self.hello).await?,
            SmtpTls::Opportunistic if connection.can_starttls() => connection.starttls(self.parameters.clone(), &self.hello).await?,
            SmtpTls::Opportunistic | SmtpTls::Implicit | SmtpTls::None => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}
