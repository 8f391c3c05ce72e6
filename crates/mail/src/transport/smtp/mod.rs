//! A mail server.

mod connections;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{Delivery, Transport, without_addresses};
use crate::{Composed, Encoding, InvalidMessage};
use connections::{Connections, Problem};

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
    /// How long connecting may take, greeting, encryption and password included; and how long handing over one mail may take.
    pub timeout: Duration,
    /// How many connections to have at most; at least 1.
    pub connections: u32,
    /// What to call ourselves in EHLO; none: the name of the machine.
    pub hello: Option<String>,
    /// Certificates (PEM) of authorities to trust beside the public ones: the operator's own.
    pub authorities: Vec<Vec<u8>>,
}

impl SmtpSettings {
    /// This server, with STARTTLS, without a password; a minute for each step, eight connections.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls: SmtpTls::StartTls,
            credentials: None,
            timeout: Duration::from_mins(1),
            connections: 8,
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

/// Sends mails through a server. Connections are kept for a while and shared.
pub struct Smtp {
    connections: Connections,
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
        Ok(Self { connections: Connections::new(settings)? })
    }

    /// Whether the server takes us, without sending anything: connects, and authenticates if there is a password.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub async fn check(&self) -> Result<(), String> {
        self.connections.check().await.map_err(|problem| words_of(&problem))
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
        match self.connections.send(&message).await {
            Ok(()) => Delivery::Delivered,
            Err(problem @ Problem::Mail(_)) if is_about_the_mail(&problem) => Delivery::Refused { answer: words_of(&problem) },
            Err(problem) => Delivery::Failed { reason: words_of(&problem) },
        }
    }

    fn name(&self) -> &'static str {
        "smtp"
    }
}

/// Whether an answer speaks of this mail, for good. That we must authenticate or encrypt first (RFC 4954, 6; RFC 3207, 4) is
/// for the operator to mend, as is everything that goes wrong before a mail is offered: mails wait for it.
fn is_about_the_mail(problem: &Problem) -> bool {
    let Problem::Mail(error) = problem else { return false };
    let code = error.status().map(|code| code.to_string()).unwrap_or_default();
    error.is_permanent() && !matches!(code.as_str(), "530" | "534" | "535" | "538")
}

/// The server's code and words, or what went wrong on the way to it.
fn words_of(problem: &Problem) -> String {
    let error = match problem {
        Problem::TooSlow => return "the mail server did not answer in time".to_owned(),
        Problem::Connection(error) | Problem::Mail(error) => error,
    };
    let words = match (error.status(), std::error::Error::source(error)) {
        (Some(code), Some(words)) => format!("{code} {words}"),
        (Some(code), None) => code.to_string(),
        (None, _) => error.to_string(),
    };
    without_addresses(&words)
}
