//! A mail server.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Delivery, Transport, without_addresses};
use crate::{Composed, Encoding, InvalidMessage};

/// Whether and how the connection to the server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the start (RFC 8314), mostly on port 465.
    Implicit,
    /// By STARTTLS, without which nothing is sent; mostly on port 587.
    StartTls,
    /// By STARTTLS if the server offers it. Who sits in between can take the offer away.
    Opportunistic,
    /// Never: for a relay on the same machine.
    None,
}

/// Name and password at the server.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpCredentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for SmtpCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpCredentials({}, password withheld)", self.user)
    }
}

/// Which server, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// Its host name, which its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Encryption.
    pub tls: SmtpTls,
    /// Name and password, if it wants any.
    pub credentials: Option<SmtpCredentials>,
    /// How long to wait for a connection, and for each answer.
    pub timeout: Duration,
    /// How many connections to keep open at most.
    pub connections: u32,
    /// What to call ourselves in EHLO; none: the name of the machine.
    pub hello: Option<String>,
    /// Certificates (PEM) of authorities to trust beside the public ones: the operator's own.
    pub authorities: Vec<Vec<u8>>,
}

impl SmtpSettings {
    /// This server, with STARTTLS, without a password; 60 seconds for each answer, four connections.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls: SmtpTls::StartTls,
            credentials: None,
            timeout: Duration::from_mins(1),
            connections: 4,
            hello: None,
            authorities: Vec::new(),
        }
    }
}

/// Why a server cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// A certificate of an authority is not valid.
    #[error("a certificate of an authority for mail cannot be read")]
    Authority(#[source] lettre::transport::smtp::Error),
    /// Encryption cannot be set up.
    #[error("encryption for mail cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// A password would go over the wire in the clear.
    #[error("name and password for mail are sent only over an encrypted connection: set STARTTLS or implicit TLS, or leave them out")]
    PasswordInTheClear,
}

/// Sends mails through a server. Connections are kept and shared.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp")
    }
}

impl Smtp {
    /// Through this server. Does not connect yet.
    ///
    /// # Errors
    /// [`SmtpError`] if a certificate is not valid, or a password would be sent in the clear.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpError> {
        if settings.credentials.is_some() && matches!(settings.tls, SmtpTls::None | SmtpTls::Opportunistic) {
            return Err(SmtpError::PasswordInTheClear);
        }
        let tls = match settings.tls {
            SmtpTls::Implicit => Tls::Wrapper(parameters(settings)?),
            SmtpTls::StartTls => Tls::Required(parameters(settings)?),
            SmtpTls::Opportunistic => Tls::Opportunistic(parameters(settings)?),
            SmtpTls::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout))
            .pool_config(PoolConfig::new().max_size(settings.connections).idle_timeout(Duration::from_secs(30)));
        if let Some(credentials) = &settings.credentials {
            builder = builder.credentials(Credentials::new(credentials.user.clone(), credentials.password.clone()));
        }
        if let Some(hello) = &settings.hello {
            builder = builder.hello_name(ClientId::Domain(hello.clone()));
        }
        Ok(Self { transport: builder.build() })
    }

    /// Whether the server takes us, without sending anything: connects, and authenticates if there is a password.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub async fn check(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the mail server hangs up on us".to_owned()),
            Err(error) => Err(words_of(&error)),
        }
    }

    /// A permanent answer is about this mail only if the server takes us at all. A wrong password, or a server that takes
    /// nothing from anybody, is for the operator to mend: mails wait for it.
    async fn is_about_this_mail(&self, error: &lettre::transport::smtp::Error) -> bool {
        let code = error.status().map(|code| code.to_string()).unwrap_or_default();
        let is_about_us = matches!(code.as_str(), "530" | "534" | "535" | "538" | "502" | "503");
        !is_about_us && self.check().await.is_ok()
    }
}

#[async_trait]
impl Transport for Smtp {
    async fn send(&self, mail: &Composed) -> Delivery {
        let message = match mail.message(Encoding::Base64) {
            Ok(message) => message,
            Err(error @ InvalidMessage::Address) => return Delivery::Refused { answer: error.to_string() },
            Err(error @ InvalidMessage::Message(_)) => return Delivery::Failed { reason: error.to_string() },
        };
        match self.transport.send(message).await {
            Ok(_response) => Delivery::Delivered,
            Err(error) if error.is_permanent() && self.is_about_this_mail(&error).await => Delivery::Refused { answer: words_of(&error) },
            Err(error) => Delivery::Failed { reason: words_of(&error) },
        }
    }

    fn name(&self) -> &'static str {
        "smtp"
    }
}

fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    for authority in &settings.authorities {
        builder = builder.add_root_certificate(Certificate::from_pem(authority).map_err(SmtpError::Authority)?);
    }
    builder.build().map_err(SmtpError::Tls)
}

/// The server's code and words, or what went wrong on the way to it.
fn words_of(error: &lettre::transport::smtp::Error) -> String {
    let words = match (error.status(), std::error::Error::source(error)) {
        (Some(code), Some(words)) => format!("{code} {words}"),
        (Some(code), None) => code.to_string(),
        (None, _) if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        (None, _) => error.to_string(),
    };
    without_addresses(&words)
}
